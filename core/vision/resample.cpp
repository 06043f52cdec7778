#include "vision/resample.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vaso::vision {
namespace {

constexpr int kPrecision = 22;  // fraction bits of a weight: 32 less 8 for the pixel, 1 for overshoot, 1 for the sign

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

// Which inputs make each output along one axis, and with what weights.
struct Taps {
  std::int64_t most = 0;            // per output
  std::vector<std::int64_t> first;  // input of the first weight
  std::vector<std::int64_t> count;
  std::vector<std::int32_t> weight;  // `most` per output
};

Taps taps(std::int64_t in, std::int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double widening = std::max(scale, 1.0);
  const double support = 2 * widening;
  Taps result;
  result.most = static_cast<std::int64_t>(std::ceil(support)) * 2 + 1;
  result.weight.resize(static_cast<std::size_t>(out * result.most));
  std::vector<double> exact(static_cast<std::size_t>(result.most));
  for (std::int64_t o = 0; o < out; ++o) {
    const double centre = (static_cast<double>(o) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
    const auto end = std::min<std::int64_t>(static_cast<std::int64_t>(centre + support + 0.5), in);
    const auto count = static_cast<std::size_t>(end - first);
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i) {
      exact[i] = bicubic((static_cast<double>(first) + static_cast<double>(i) - centre + 0.5) / widening);
      sum += exact[i];
    }
    std::int32_t* weight = &result.weight[static_cast<std::size_t>(o * result.most)];
    for (std::size_t i = 0; i < count; ++i) {
      weight[i] = static_cast<std::int32_t>(std::lround(exact[i] / sum * (1 << kPrecision)));
    }
    result.first.push_back(first);
    result.count.push_back(end - first);
  }
  return result;
}

std::uint8_t clip(std::int32_t sum) { return static_cast<std::uint8_t>(std::clamp(sum >> kPrecision, 0, 255)); }

}  // namespace

void resize_bicubic(const Window& in, std::int64_t out_height, std::int64_t out_width, std::uint8_t* out) {
  constexpr std::int32_t half = 1 << (kPrecision - 1);
  const Taps across = taps(in.width, out_width);
  std::vector<std::uint8_t> narrow(static_cast<std::size_t>(in.height * out_width));
  for (std::int64_t y = 0; y < in.height; ++y) {
    const std::uint8_t* row = in.pixels + y * in.stride;
    for (std::int64_t x = 0; x < out_width; ++x) {
      const std::uint8_t* from = row + across.first[static_cast<std::size_t>(x)];
      const std::int32_t* weight = &across.weight[static_cast<std::size_t>(x * across.most)];
      const std::int64_t count = across.count[static_cast<std::size_t>(x)];
      std::int32_t sum = half;
      for (std::int64_t i = 0; i < count; ++i) sum += from[i] * weight[i];
      narrow[static_cast<std::size_t>(y * out_width + x)] = clip(sum);
    }
  }
  const Taps down = taps(in.height, out_height);
  std::vector<std::int32_t> sums(static_cast<std::size_t>(out_width));
  for (std::int64_t y = 0; y < out_height; ++y) {
    std::fill(sums.begin(), sums.end(), half);
    const std::int32_t* weight = &down.weight[static_cast<std::size_t>(y * down.most)];
    for (std::int64_t i = 0; i < down.count[static_cast<std::size_t>(y)]; ++i) {
      const std::uint8_t* row =
          &narrow[static_cast<std::size_t>((down.first[static_cast<std::size_t>(y)] + i) * out_width)];
      const std::int32_t w = weight[i];
      for (std::size_t x = 0; x < sums.size(); ++x) sums[x] += row[x] * w;
    }
    std::transform(sums.begin(), sums.end(), out + y * out_width, clip);
  }
}

void resize_nearest(const Window& in, std::int64_t out_height, std::int64_t out_width, std::uint8_t* out) {
  // Positions are summed step by step, as Pillow does, so that rounding falls the same way.
  const auto sources = [](std::int64_t size, std::int64_t out_size) {
    const double scale = static_cast<double>(size) / static_cast<double>(out_size);
    std::vector<std::int64_t> from(static_cast<std::size_t>(out_size));
    double position = scale * 0.5;
    for (std::int64_t& source : from) {
      source = std::min(static_cast<std::int64_t>(position), size - 1);
      position += scale;
    }
    return from;
  };
  const std::vector<std::int64_t> columns = sources(in.width, out_width);
  for (const std::int64_t y : sources(in.height, out_height)) {
    const std::uint8_t* row = in.pixels + y * in.stride;
    for (const std::int64_t x : columns) *out++ = row[x];
  }
}

}  // namespace vaso::vision
