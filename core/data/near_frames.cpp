#include "data/near_frames.hpp"

#include "vision/resample.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <unordered_map>

namespace vaso::data {
namespace {

constexpr int kMostBits = 3;
constexpr double kMostDifference = 2.5;  // grey levels

double difference(const Sketch& a, const Sketch& b) {
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < a.thumbnail.size(); ++i) {
    const double d = a.thumbnail[i] - b.thumbnail[i];
    sum += d;
    squares += d * d;
  }
  const auto n = static_cast<double>(a.thumbnail.size());
  return std::sqrt(std::max(0.0, squares / n - sum / n * sum / n));
}

}  // namespace

Sketch sketch(const vision::GreyImage& image) {
  Sketch result;
  const vision::Window whole{image.pixels.data(), image.width, image.height, image.width};
  std::array<std::uint8_t, 72> small{};
  vision::resize_bicubic(whole, 8, 9, small.data());
  for (std::size_t y = 0; y < 8; ++y) {
    for (std::size_t x = 0; x < 8; ++x) {
      result.hash = result.hash << 1 | static_cast<std::uint64_t>(small[9 * y + x] < small[9 * y + x + 1]);
    }
  }
  vision::resize_bicubic(whole, 32, 32, result.thumbnail.data());
  return result;
}

bool alike(const Sketch& a, const Sketch& b) {
  return std::popcount(a.hash ^ b.hash) <= kMostBits && difference(a, b) < kMostDifference;
}

std::vector<std::vector<std::int64_t>> near_groups(const std::vector<Sketch>& sketches) {
  // Hashes that differ in at most three bits agree in at least one of four quarters; only those are compared.
  std::array<std::unordered_map<std::uint64_t, std::vector<std::size_t>>, 4> centres;  // group numbers by quarter
  const auto quarter = [](std::uint64_t hash, std::size_t q) { return hash >> (16 * q) & 0xffff; };
  std::vector<std::vector<std::int64_t>> groups;
  for (std::size_t i = 0; i < sketches.size(); ++i) {
    std::size_t group = groups.size();
    for (std::size_t q = 0; q < 4; ++q) {
      for (const std::size_t candidate : centres[q][quarter(sketches[i].hash, q)]) {
        if (candidate < group && alike(sketches[i], sketches[static_cast<std::size_t>(groups[candidate].front())]))
          group = candidate;
      }
    }
    if (group == groups.size()) {
      groups.emplace_back();
      for (std::size_t q = 0; q < 4; ++q) centres[q][quarter(sketches[i].hash, q)].push_back(group);
    }
    groups[group].push_back(static_cast<std::int64_t>(i));
  }
  std::erase_if(groups, [](const auto& group) { return group.size() < 2; });
  return groups;
}

}  // namespace vaso::data
