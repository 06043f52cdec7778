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
    // fmaxf() passes NaN over, which must stay.
    const float upper = fmaxf(pixels[0], pixels[1]), lower = fmaxf(pixels[2], pixels[3]);
    const bool number =
        pixels[0] == pixels[0] && pixels[1] == pixels[1] && pixels[2] == pixels[2] && pixels[3] == pixels[3];
    const float most = number ? fmaxf(upper, lower) : NAN;
    const int place = pixels[0] == most ? 0 : pixels[1] == most ? 1 : pixels[2] == most ? 2 : 3;
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

  VASO_HOST_DEVICE static float between(float farther, float nearer) { return fmaf(0.25f, farther, 0.75f * nearer); }
  VASO_HOST_DEVICE static int clamped(int at, int size) { return at < 0 ? 0 : at < size ? at : size - 1; }

  Extent pixels(std::int64_t planes) const { return {1, planes, std::int64_t{height} * columns}; }

  // A pixel of the small map and the eight around it.
  struct Around {
    float of[3][3];
    VASO_HOST_DEVICE Around(const Enlarged& e, std::int64_t plane, int row, int column) {
      for (int i = 0; i < 3; ++i) {
        const float* line = e.map + (plane * e.height + clamped(row + i - 1, e.height)) * e.columns;
        for (int j = 0; j < 3; ++j) of[i][j] = line[clamped(column + j - 1, e.columns)];
      }
    }
  };
  // Of three small pixels in a line, the large map's between the first and the second (which: 0, nearer to the first,
  // and 1) and between the second and the third (2 and 3). The small pixel's own two are 1 and 2.
  VASO_HOST_DEVICE static float along(float first, float second, float third, int which) {
    const float other = which < 2 ? first : third;
    return which == 0 || which == 3 ? between(second, other) : between(other, second);
  }
  // How much each of the large map's pixels 2·at−1 to 2·at+2 takes from the small map's `at`, along one axis.
  VASO_HOST_DEVICE static void shares(int at, int size, float (&of)[4]) {
    of[0] = at == 0 ? 0.0f : 0.25f;
    of[1] = at == 0 ? 1.0f : 0.75f;
    of[2] = at == size - 1 ? 1.0f : 0.75f;
    of[3] = at == size - 1 ? 0.0f : 0.25f;
  }
};

// Two neighbours of a row that starts at an even column.
struct alignas(8) Two {
  float of[2];
};
VASO_HOST_DEVICE inline Two& two_at(float* at) { return *reinterpret_cast<Two*>(at); }
VASO_HOST_DEVICE inline const Two& two_at(const float* at) { return *reinterpret_cast<const Two*>(at); }

// The four pixels that a pixel of the small map becomes.
struct FourPixels {
  float of[2][2];
  VASO_HOST_DEVICE explicit FourPixels(const Enlarged::Around& small) {
    for (int j = 0; j < 2; ++j) {
      float line[3];
      for (int i = 0; i < 3; ++i) line[i] = Enlarged::along(small.of[i][0], small.of[i][1], small.of[i][2], 1 + j);
      for (int i = 0; i < 2; ++i) of[i][j] = Enlarged::along(line[0], line[1], line[2], 1 + i);
    }
  }
};

// (0, plane, pixel) of the small map: relu(enlarged) + skip
struct EnlargeAndAdd {
  Enlarged enlarged;
  const float* skip;
  float* out;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t plane, std::int64_t pixel) const {
    const int row = static_cast<int>(pixel) / enlarged.columns, column = static_cast<int>(pixel) % enlarged.columns;
    const FourPixels four(Enlarged::Around(enlarged, plane, row, column));
    for (int i = 0; i < 2; ++i) {
      const std::int64_t at = (plane * 2 * enlarged.height + 2 * row + i) * 2 * enlarged.columns + 2 * column;
      const Two more = two_at(skip + at);
      Two sums;
      for (int j = 0; j < 2; ++j) sums.of[j] = (four.of[i][j] < 0 ? 0.0f : four.of[i][j]) + more.of[j];
      two_at(out + at) = sums;
    }
  }
};

// (0, image, pixel) of the small map: Σ over channels of weight·relu(enlarged), and bias
struct EnlargeAndProject {
  Enlarged enlarged;
  int channels;
  const float *weight, *bias;
  float* out;  // images×2·height×2·columns
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t image, std::int64_t pixel) const {
    const int row = static_cast<int>(pixel) / enlarged.columns, column = static_cast<int>(pixel) % enlarged.columns;
    Two sums[2] = {{{*bias, *bias}}, {{*bias, *bias}}};
    for (int channel = 0; channel < channels; ++channel) {
      const FourPixels four(Enlarged::Around(enlarged, image * channels + channel, row, column));
      for (int i = 0; i < 4; ++i) {
        const float value = four.of[i / 2][i % 2];
        float& sum = sums[i / 2].of[i % 2];
        sum = fmaf(value < 0 ? 0.0f : value, weight[channel], sum);
      }
    }
    for (int i = 0; i < 2; ++i)
      two_at(out + (image * 2 * enlarged.height + 2 * row + i) * 2 * enlarged.columns + 2 * column) = sums[i];
  }
};

// (0, image, pixel) of the small map: its gradient in each of `channels` channels, through the ReLU. With a weight, the
// gradient of EnlargeAndProject's `out`, which they share; without, that of EnlargeAndAdd's, one channel an image.
struct ReduceGradient {
  Enlarged enlarged;
  int channels;
  const float* weight;
  const float* gradient;
  float* out;
  VASO_HOST_DEVICE void operator()(std::int64_t, std::int64_t image, std::int64_t pixel) const {
    const int height = enlarged.height, columns = enlarged.columns;
    const int row = static_cast<int>(pixel) / columns, column = static_cast<int>(pixel) % columns;
    // It has a share in 4×4 pixels of the large map.
    float down[4], across[4], given[4][4];
    Enlarged::shares(row, height, down);
    Enlarged::shares(column, columns, across);
    for (int i = 0; i < 4; ++i) {
      for (int j = 0; j < 4; ++j) {
        const float share = down[i] * across[j];  // 0 where there is no such pixel
        const int y = 2 * row - 1 + i, x = 2 * column - 1 + j;
        given[i][j] = share > 0 ? share * gradient[(image * 2 * height + y) * 2 * columns + x] : 0.0f;
      }
    }
    for (int channel = 0; channel < channels; ++channel) {
      const std::int64_t plane = image * channels + channel;
      const Enlarged::Around small(enlarged, plane, row, column);
      float lines[3][4];
      for (int i = 0; i < 3; ++i) {
        for (int j = 0; j < 4; ++j) lines[i][j] = Enlarged::along(small.of[i][0], small.of[i][1], small.of[i][2], j);
      }
      float sum = 0;
      for (int i = 0; i < 4; ++i) {
        for (int j = 0; j < 4; ++j) {
          if (Enlarged::along(lines[0][j], lines[1][j], lines[2][j], i) > 0) sum += given[i][j];
        }
      }
      if (weight != nullptr) sum *= weight[channel];
      out[plane * height * columns + pixel] = sum;
    }
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
