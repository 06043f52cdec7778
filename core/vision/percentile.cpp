#include "vision/percentile.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>

namespace vaso::vision {
namespace {

// Where a percentile lies: between the n-th and the next value, `share` of the way.
struct Place {
  std::int64_t below;
  double share;
};
Place place_of(double percent, std::int64_t count) {
  const double position = percent / 100 * static_cast<double>(count - 1);
  const auto below = static_cast<std::int64_t>(position);
  return {below, position - static_cast<double>(below)};
}

// The sign, the exponent and the highest bits of a float, in the order of the numbers.
constexpr int kKeyBits = 13;
std::uint32_t key_of(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0f);  // −0 is 0
  const std::uint32_t ordered = (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
  return ordered >> (32 - kKeyBits);
}

}  // namespace

double percentile(const std::vector<float>& values, double percent) {
  const Place place = place_of(percent, static_cast<std::int64_t>(values.size()));
  // Only the values that share a key with the wanted one are sorted out.
  std::vector<std::int32_t> histogram(std::size_t{1} << kKeyBits);
  for (const float value : values) ++histogram[key_of(value)];
  std::uint32_t key = 0;
  std::int64_t before = 0;
  while (before + histogram[key] <= place.below) before += histogram[key++];
  std::vector<float> candidates;
  candidates.reserve(static_cast<std::size_t>(histogram[key]));
  for (const float value : values) {
    if (key_of(value) == key) candidates.push_back(value);
  }
  const auto nth = candidates.begin() + (place.below - before);
  std::nth_element(candidates.begin(), nth, candidates.end());
  const double low = *nth;
  if (place.share == 0) return low;
  const auto higher = [&](float least, float value) { return key_of(value) > key ? std::min(least, value) : least; };
  const double high = nth + 1 != candidates.end() ? *std::min_element(nth + 1, candidates.end())
                                                  : std::accumulate(values.begin(), values.end(),
                                                                    std::numeric_limits<float>::infinity(), higher);
  return low + (high - low) * place.share;
}

Histogram histogram_of(const std::vector<std::uint8_t>& values) {
  Histogram histogram{};
  // In four, because a counter that was just raised cannot be raised again at once. Masks are mostly zeros.
  std::array<std::array<std::uint32_t, 256>, 4> parts{};
  std::size_t at = 0;
  for (std::uint64_t eight = 0; at + sizeof eight <= values.size(); at += sizeof eight) {
    std::memcpy(&eight, values.data() + at, sizeof eight);
    if (eight == 0) {
      histogram[0] += sizeof eight;
      continue;
    }
    for (std::size_t i = 0; i < sizeof eight; ++i) ++parts[i % parts.size()][values[at + i]];
  }
  for (; at < values.size(); ++at) ++histogram[values[at]];
  for (const auto& part : parts) {
    for (std::size_t value = 0; value < part.size(); ++value) histogram[value] += part[value];
  }
  return histogram;
}

double percentile(const Histogram& histogram, double percent) {
  std::int64_t count = 0;
  for (const std::int64_t of_value : histogram) count += of_value;
  const Place place = place_of(percent, count);
  const auto nth = [&](std::int64_t n) {
    std::size_t value = 0;
    for (std::int64_t seen = histogram[0]; seen <= n && value < 255; seen += histogram[++value]) {
    }
    return static_cast<int>(value);
  };
  const int low = nth(place.below), high = nth(std::min(place.below + 1, count - 1));
  return low + (high - low) * place.share;
}

}  // namespace vaso::vision
