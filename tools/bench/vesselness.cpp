// bench_vesselness [SIDE] [FRAMES]: milliseconds per frame of each filter and mask, in one thread, fastest and median.
#include "frames.hpp"

#include "vision/vesselness.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace {

using namespace vaso;

void measure(const char* name, int frames, const std::function<void(int)>& work) {
  std::vector<double> times;
  for (int i = 0; i < frames; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work(i);
    times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(times.begin(), times.end());
  fmt::print("{:<34}{:>9.2f}{:>9.2f}\n", name, times.front(), times[times.size() / 2]);
}

}  // namespace

int main(int count, char** words) {
  const std::int64_t side = count > 1 ? std::stoll(words[1]) : 512;
  const int frames = count > 2 ? std::stoi(words[2]) : 20;
  std::vector<vision::GreyImage> images;
  for (int i = 0; i < frames; ++i) images.push_back(bench::frame(side, static_cast<std::uint64_t>(i)));
  const std::vector<double> sigmas{1, 2, 3, 4};
  const vision::FloatImage sato = vision::sato(images[0], sigmas);
  const vision::FloatImage frangi = vision::frangi(images[0], {});
  const auto at = [&](int i) -> const vision::GreyImage& { return images[static_cast<std::size_t>(i)]; };
  fmt::print("{}×{}, {} frames{:<17}{:>9}{:>9}\n", side, side, frames, "", "fastest", "median");
  measure("sato, 4 scales (ms)", frames, [&](int i) { vision::sato(at(i), sigmas); });
  measure("frangi, 4 scales (ms)", frames, [&](int i) { vision::frangi(at(i), {}); });
  measure("released mask of a response (ms)", frames, [&](int) { vision::released_mask(sato); });
  measure("component mask of a response (ms)", frames, [&](int) { vision::component_mask(frangi, 20, 92, 64); });
}
