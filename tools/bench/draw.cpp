// How long the mask of a batch takes to draw: the batch-wide top-k against one sequential draw an image.
//
//   bench_draw [BATCH] [TOKENS] [DRAWN]
#include "sdk/masking.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>

namespace {

double milliseconds(const std::function<void()>& work) {
  constexpr int repeats = 50;
  work();
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < repeats; ++i) work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / repeats;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, std::int64_t fallback) { return argc > i ? std::atoll(argv[i]) : fallback; };
  const std::int64_t batch = argument(1, 256), tokens = argument(2, 196), drawn = argument(3, 49);
  const at::Generator generator = at::make_generator<at::CPUGeneratorImpl>(1);
  const at::Tensor weights = at::rand({batch, tokens}, generator) + 1e-3;

  const double together = milliseconds([&] {
    const at::Tensor guided = vaso::draw_weighted(weights, drawn, generator);
    vaso::draw_evenly(guided, at::full({batch}, drawn, at::kLong), generator);
  });
  const double one_by_one = milliseconds([&] {
    for (std::int64_t i = 0; i < batch; ++i) {
      at::Tensor rest = at::ones({tokens});
      rest.index_fill_(0, at::multinomial(weights[i], drawn, /*replacement=*/false, generator), 0);
      at::multinomial(rest, drawn, /*replacement=*/false, generator);
    }
  });
  std::printf("%ld images, %ld of %ld patches weighted and %ld evenly\n", static_cast<long>(batch),
              static_cast<long>(drawn), static_cast<long>(tokens), static_cast<long>(drawn));
  std::printf("  batch-wide top-k   %8.3f ms\n  image by image     %8.3f ms\n", together, one_by_one);
  return 0;
}
