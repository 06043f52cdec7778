// 3×3 convolutions of few channels with what follows each of them in UNeXt's convolutional stages, forward and back:
// many kernels and passes over maps of the image's size in LibTorch, one or two here. Weights are frozen, so that a
// backward pass gives the input's gradient alone.
#pragma once

#include "cuda/for_each.hpp"

#include <cmath>

namespace vaso::cuda {

// out = scale·(in ∗ weight) + shift, zero-padded to the size of `in`. A thread makes a block of 2×2 pixels for `width`
// channels: a group. Weights are groups×channels×9×width, so that a thread reads those of one tap together; the last
// group is filled up with zeros.
struct Convolution {
  std::int64_t images = 0, channels = 0, out_channels = 0;
  int height = 0, columns = 0;                     // of both maps
  const float* weights = nullptr;                  // 16-byte aligned
  const float *scale = nullptr, *shift = nullptr;  // of each output channel; null: 1 and 0
};

// Where the values of a block's 4×4 surroundings come from. `row` and `column` count blocks.
struct FromMap {
  const float* map;  // images×channels×height×columns
  VASO_HOST_DEVICE void window(const Convolution& c, std::int64_t plane, int row, int column,
                               float (&values)[4][4]) const {
    const float* from = map + plane * c.height * c.columns;
    for (int dy = 0; dy < 4; ++dy) {
      const int y = 2 * row - 1 + dy;
      for (int dx = 0; dx < 4; ++dx) {
        const int x = 2 * column - 1 + dx;
        const bool inside = y >= 0 && y < c.height && x >= 0 && x < c.columns;
        values[dy][dx] = inside ? from[y * c.columns + x] : 0.0f;
      }
    }
  }
};

// Which of a block's four pixels was the largest, and positive: 2·row + column; `none` where the ReLU closed.
constexpr std::uint8_t none = 4;

// The gradient of a map that was pooled: each block's gradient belongs to its largest pixel.
struct FromPooled {
  const float* gradient;        // images×channels×height/2×columns/2
  const std::uint8_t* largest;  // as that
  VASO_HOST_DEVICE void window(const Convolution& c, std::int64_t plane, int row, int column,
                               float (&values)[4][4]) const {
    const int rows = c.height / 2, columns = c.columns / 2;
    const std::int64_t first = plane * rows * columns;
    for (int dy = 0; dy < 3; ++dy) {
      const int y = row - 1 + dy;
      for (int dx = 0; dx < 3; ++dx) {
        const int x = column - 1 + dx;
        const bool inside = y >= 0 && y < rows && x >= 0 && x < columns;
        const float value = inside ? gradient[first + y * columns + x] : 0.0f;
        const int place = inside ? largest[first + y * columns + x] : none;
        // Of the blocks around only the pixels next to this one are in the window.
        for (int i = dy == 0 ? 1 : 0; i < (dy == 2 ? 1 : 2); ++i) {
          for (int j = dx == 0 ? 1 : 0; j < (dx == 2 ? 1 : 2); ++j)
            values[2 * dy + i - 1][2 * dx + j - 1] = place == 2 * i + j ? value : 0.0f;
        }
      }
    }
  }
};

struct ToMap {
  float* map;  // images×out_channels×height×columns
  VASO_HOST_DEVICE void take(const Convolution& c, std::int64_t plane, int row, int column,
                             const float (&pixels)[4]) const {
    for (int i = 0; i < 2; ++i) {
      for (int j = 0; j < 2; ++j) {
        const int y = 2 * row + i, x = 2 * column + j;
        if (y < c.height && x < c.columns) map[plane * c.height * c.columns + y * c.columns + x] = pixels[2 * i + j];
      }
    }
  }
};

// ReLU of the largest of each block. NaN stays NaN.
struct ToPooled {
  float* map;             // images×out_channels×height/2×columns/2
  std::uint8_t* largest;  // as that
  VASO_HOST_DEVICE void take(const Convolution& c, std::int64_t plane, int row, int column,
                             const float (&pixels)[4]) const {
    int place = 0;
    float most = pixels[0];
    for (int p = 1; p < 4; ++p) {
      if (!(pixels[p] > most) && pixels[p] == pixels[p]) continue;
      most = pixels[p];
      place = p;
    }
    const std::int64_t at = (plane * (c.height / 2) + row) * (c.columns / 2) + column;
    map[at] = most < 0 ? 0.0f : most;
    largest[at] = most > 0 ? static_cast<std::uint8_t>(place) : none;
  }
};

template <int width>
struct alignas(16) Taps {
  float of[width];
};

// (group, image, block): the threads of a warp make blocks side by side, of one group, and so read the same weights;
// neighbouring warps make other images, so that none idles where maps are small.
template <int width, class From, class To>
struct ConvolveBlock {
  Convolution c;
  From from;
  To to;
  VASO_HOST_DEVICE void operator()(std::int64_t group, std::int64_t image, std::int64_t block) const {
    const int across = (c.columns + 1) / 2, row = static_cast<int>(block) / across,
              column = static_cast<int>(block) % across;
    const auto* taps = reinterpret_cast<const Taps<width>*>(c.weights) + group * c.channels * 9;
    float sums[width][4] = {};
    for (std::int64_t channel = 0; channel < c.channels; ++channel, taps += 9) {
      float values[4][4];
      from.window(c, image * c.channels + channel, row, column, values);
      for (int tap = 0; tap < 9; ++tap) {
        const Taps<width> weight = taps[tap];
        for (int p = 0; p < 4; ++p) {
          const float value = values[p / 2 + tap / 3][p % 2 + tap % 3];
          for (int o = 0; o < width; ++o) sums[o][p] = fmaf(value, weight.of[o], sums[o][p]);
        }
      }
    }
    for (int o = 0; o < width; ++o) {
      const std::int64_t channel = group * width + o;
      if (channel >= c.out_channels) return;
      if (c.scale != nullptr) {
        for (float& sum : sums[o]) sum = fmaf(sum, c.scale[channel], c.shift[channel]);
      }
      to.take(c, image * c.out_channels + channel, row, column, sums[o]);
    }
  }
};

template <int width, class Run, class From, class To>
void convolve(const Run& run, const Convolution& c, const From& from, const To& to) {
  const std::int64_t groups = (c.out_channels + width - 1) / width;
  const std::int64_t blocks = std::int64_t{(c.height + 1) / 2} * ((c.columns + 1) / 2);
  run({groups, c.images, blocks}, ConvolveBlock<width, From, To>{c, from, to});
}

// A map twice as large by bilinear interpolation (align_corners = false): a pixel lies a quarter of a pixel of the
// small map from the nearer of two.
struct Enlarged {
  const float* map;     // planes×height×columns
  int height, columns;  // of the small map

  VASO_HOST_DEVICE static float between(float farther, float nearer) { return 0.25f * farther + 0.75f * nearer; }
  VASO_HOST_DEVICE static int clamped(int at, int size) { return at < 0 ? 0 : at < size ? at : size - 1; }

  VASO_HOST_DEVICE float operator()(std::int64_t plane, int y, int x) const {
    const int near_y = y / 2, far_y = clamped(y % 2 == 0 ? near_y - 1 : near_y + 1, height);
    const int near_x = x / 2, far_x = clamped(x % 2 == 0 ? near_x - 1 : near_x + 1, columns);
    const float* from = map + plane * height * columns;
    const float farther = between(from[far_y * columns + far_x], from[far_y * columns + near_x]);
    const float nearer = between(from[near_y * columns + far_x], from[near_y * columns + near_x]);
    return between(farther, nearer);
  }
  // How much each of the large map's pixels 2·at−1 to 2·at+2 takes from the small map's `at`, along one axis.
  VASO_HOST_DEVICE static void shares(int at, int size, float (&of)[4]) {
    of[0] = at == 0 ? 0.0f : 0.25f;
    of[1] = at == 0 ? 1.0f : 0.75f;
    of[2] = at == size - 1 ? 1.0f : 0.75f;
    of[3] = at == size - 1 ? 0.0f : 0.25f;
  }
};

// (plane, y, x) of the large map: relu(enlarged) + skip
struct EnlargeAndAdd {
  Enlarged enlarged;
  const float* skip;
  float* out;
  VASO_HOST_DEVICE void operator()(std::int64_t plane, std::int64_t y, std::int64_t x) const {
    const float value = enlarged(plane, static_cast<int>(y), static_cast<int>(x));
    const std::int64_t at = (plane * 2 * enlarged.height + y) * 2 * enlarged.columns + x;
    out[at] = (value < 0 ? 0.0f : value) + skip[at];
  }
};

// (image, y, x) of the large map: Σ over channels of weight·relu(enlarged), and bias
struct EnlargeAndProject {
  Enlarged enlarged;
  std::int64_t channels;
  const float *weight, *bias;
  float* out;  // images×2·height×2·columns
  VASO_HOST_DEVICE void operator()(std::int64_t image, std::int64_t y, std::int64_t x) const {
    float sum = *bias;
    for (std::int64_t channel = 0; channel < channels; ++channel) {
      const float value = enlarged(image * channels + channel, static_cast<int>(y), static_cast<int>(x));
      sum = fmaf(value < 0 ? 0.0f : value, weight[channel], sum);
    }
    out[(image * 2 * enlarged.height + y) * 2 * enlarged.columns + x] = sum;
  }
};

// (image·channels + channel, row, column) of the small map: its gradient, through the ReLU. With a weight, the gradient
// of EnlargeAndProject's `out`, which all channels share; without, that of EnlargeAndAdd's.
struct ReduceGradient {
  Enlarged enlarged;
  std::int64_t channels;
  const float* weight;
  const float* gradient;
  float* out;
  VASO_HOST_DEVICE void operator()(std::int64_t plane, std::int64_t row, std::int64_t column) const {
    const int height = enlarged.height, columns = enlarged.columns;
    const int r = static_cast<int>(row), c = static_cast<int>(column);
    // The 4×4 pixels of the large map that this one is part of lie between it and the eight around it.
    float around[3][3];
    const float* map = enlarged.map + plane * height * columns;
    for (int i = 0; i < 3; ++i) {
      const float* line = map + Enlarged::clamped(r + i - 1, height) * columns;
      for (int j = 0; j < 3; ++j) around[i][j] = line[Enlarged::clamped(c + j - 1, columns)];
    }
    float down[4], across[4];
    Enlarged::shares(r, height, down);
    Enlarged::shares(c, columns, across);
    const std::int64_t from = weight == nullptr ? plane : plane / channels;
    const float* given = gradient + from * 4 * height * columns + (2 * r - 1) * 2 * columns + 2 * c - 1;
    float sum = 0;
    for (int i = 0; i < 4; ++i) {
      // As Enlarged has it: of two rows of `around` one is nearer, and so of two columns.
      const int near_y = (i + 1) / 2, far_y = i % 2 == 0 ? near_y + 1 : near_y - 1;
      for (int j = 0; j < 4; ++j) {
        const int near_x = (j + 1) / 2, far_x = j % 2 == 0 ? near_x + 1 : near_x - 1;
        const float value = Enlarged::between(Enlarged::between(around[far_y][far_x], around[far_y][near_x]),
                                              Enlarged::between(around[near_y][far_x], around[near_y][near_x]));
        const float share = down[i] * across[j];  // 0 where there is no such pixel
        if (share > 0 && value > 0) sum = fmaf(share, given[i * 2 * columns + j], sum);
      }
    }
    if (weight != nullptr) sum *= weight[plane % channels];
    out[(plane * height + row) * columns + column] = sum;
  }
};

// A row of few values, read and written 16 bytes at a time: threads side by side have rows side by side.
template <int columns>
struct Row {
  float of[columns];
  VASO_HOST_DEVICE static Row read(const float* from) {
    Row row;
    for (int i = 0; i < columns / 4; ++i) {
      const Taps<4> four = reinterpret_cast<const Taps<4>*>(from)[i];
      for (int j = 0; j < 4; ++j) row.of[4 * i + j] = four.of[j];
    }
    return row;
  }
  VASO_HOST_DEVICE void write(float* to) const {
    for (int i = 0; i < columns / 4; ++i) {
      Taps<4> four;
      for (int j = 0; j < 4; ++j) four.of[j] = of[4 * i + j];
      reinterpret_cast<Taps<4>*>(to)[i] = four;
    }
  }
};

// Layer norm of each row. statistics: rows×2, mean and 1/deviation.
struct RowNorm {
  std::int64_t rows;
  float eps;
  const float *in, *weight, *bias;  // 16-byte aligned, as all here
  float *out, *statistics;
};

// (0, rows / 32, row % 32)
template <int columns>
struct NormRow {
  RowNorm norm;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t block, std::int64_t place) const {
    const std::int64_t row = 32 * block + place;
    if (row >= norm.rows) return;
    auto x = Row<columns>::read(norm.in + row * columns);
    float sum = 0, squares = 0;
    for (int c = 0; c < columns; ++c) sum += x.of[c];
    const float mean = sum / columns;
    for (int c = 0; c < columns; ++c) squares = fmaf(x.of[c] - mean, x.of[c] - mean, squares);
    const float inverse = 1.0f / sqrtf(squares / columns + norm.eps);
    for (int c = 0; c < columns; ++c) x.of[c] = fmaf((x.of[c] - mean) * inverse, norm.weight[c], norm.bias[c]);
    x.write(norm.out + row * columns);
    norm.statistics[2 * row] = mean;
    norm.statistics[2 * row + 1] = inverse;
  }
};

// The gradient of RowNorm's `in`.
struct RowNormGradient {
  std::int64_t rows;
  const float *in, *statistics, *weight, *gradient;
  float* out;
};

template <int columns>
struct NormRowGradient {
  RowNormGradient norm;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t block, std::int64_t place) const {
    const std::int64_t row = 32 * block + place;
    if (row >= norm.rows) return;
    auto x = Row<columns>::read(norm.in + row * columns), g = Row<columns>::read(norm.gradient + row * columns);
    const float mean = norm.statistics[2 * row], inverse = norm.statistics[2 * row + 1];
    float sum = 0, along = 0;
    for (int c = 0; c < columns; ++c) {
      x.of[c] = (x.of[c] - mean) * inverse;
      g.of[c] *= norm.weight[c];
      sum += g.of[c];
      along = fmaf(g.of[c], x.of[c], along);
    }
    sum /= columns;
    along /= columns;
    for (int c = 0; c < columns; ++c) x.of[c] = inverse * (g.of[c] - sum - x.of[c] * along);
    x.write(norm.out + row * columns);
  }
};

}  // namespace vaso::cuda
