// What UNeXt's shift-MLPs do between their products, on maps kept as tokens (images×height×columns×channels): each a
// pass over memory, where LibTorch pads, cuts, concatenates and changes the layout.
#pragma once

#include "cuda/for_each.hpp"

#include <cmath>

namespace vaso::cuda {

// Five groups of channels, as torch.chunk cuts them, move by −2 to 2 pixels; zeros come in.
struct TokenMap {
  std::int64_t images = 0;
  int height = 0, columns = 0, channels = 0;

  // (line of all images, place in it, channel)
  Extent extent() const { return {images * height, columns, channels}; }
  VASO_HOST_DEVICE std::int64_t at(std::int64_t line, std::int64_t x, std::int64_t channel) const {
    return (line * columns + x) * channels + channel;
  }
  VASO_HOST_DEVICE int y_of(std::int64_t line) const { return static_cast<int>(line) % height; }
  VASO_HOST_DEVICE int move(std::int64_t channel) const { return static_cast<int>(channel) / ((channels + 4) / 5) - 2; }
  VASO_HOST_DEVICE bool has_line(int y) const { return y >= 0 && y < height; }
  VASO_HOST_DEVICE bool has_column(int x) const { return x >= 0 && x < columns; }
};

// Along the rows: a value goes from y to y + move. `sign` −1 gives the gradient of that.
struct ShiftRows {
  TokenMap map;
  int sign;
  const float* in;
  float* out;
  VASO_HOST_DEVICE void operator()(std::int64_t line, std::int64_t x, std::int64_t channel) const {
    const int move = sign * map.move(channel);
    const std::int64_t at = map.at(line, x, channel);
    out[at] = map.has_line(map.y_of(line) - move) ? in[at - move * map.columns * map.channels] : 0.0f;
  }
};

// A depth-wise 3×3 convolution, GELU (erf), and a shift along the columns: a value goes from x to x + move.
struct ConvolveAndShift {
  TokenMap map;
  const float *weight, *bias;  // 9×channels, channels
  const float* in;
  float *out, *slope;  // slope: GELU's derivative there, which the gradient needs
  VASO_HOST_DEVICE void operator()(std::int64_t line, std::int64_t x, std::int64_t channel) const {
    const int y = map.y_of(line), from = static_cast<int>(x) - map.move(channel);
    float value = 0, derivative = 0;
    if (map.has_column(from)) {
      const float *here = in + map.at(line, from, channel), *tap = weight + channel;
      const int to_line = map.columns * map.channels;
      float sum = bias[channel];
      for (int dy = -1; dy < 2; ++dy) {
        for (int dx = -1; dx < 2; ++dx, tap += map.channels) {
          if (map.has_line(y + dy) && map.has_column(from + dx))
            sum = fmaf(*tap, here[dy * to_line + dx * map.channels], sum);
        }
      }
      const float share = 0.5f * (1.0f + erff(0.707106781f * sum));
      value = sum * share;
      derivative = fmaf(sum, 0.398942280f * expf(-0.5f * sum * sum), share);
    }
    const std::int64_t at = map.at(line, x, channel);
    out[at] = value;
    slope[at] = derivative;
  }
};

// The gradient of ConvolveAndShift's `in`, from that of its `out`.
struct ConvolveAndShiftGradient {
  TokenMap map;
  const float *weight, *slope, *gradient;
  float* out;
  VASO_HOST_DEVICE void operator()(std::int64_t line, std::int64_t x, std::int64_t channel) const {
    const int y = map.y_of(line), move = map.move(channel), column = static_cast<int>(x);
    const std::int64_t at = map.at(line, x, channel);
    const std::int64_t moved = at + move * map.channels;
    const float *slopes = slope + moved, *gradients = gradient + moved, *tap = weight + channel;
    const int to_line = map.columns * map.channels;
    float sum = 0;
    for (int dy = 1; dy > -2; --dy) {
      for (int dx = 1; dx > -2; --dx, tap += map.channels) {  // to the pixel that saw this one through the tap
        if (!map.has_line(y + dy) || !map.has_column(column + dx) || !map.has_column(column + dx + move)) continue;
        const int there = dy * to_line + dx * map.channels;
        sum = fmaf(*tap, slopes[there] * gradients[there], sum);
      }
    }
    out[at] = sum;
  }
};

}  // namespace vaso::cuda
