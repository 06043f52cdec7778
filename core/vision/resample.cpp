#include "vision/resample.hpp"

#include "kernels/clones.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
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

constexpr std::int64_t kBlock = 32;  // outputs whose sums stay in registers
constexpr std::int64_t kTile = 16;   // of a transposition

std::int64_t rounded_up(std::int64_t count, std::int64_t step) { return (count + step - 1) / step * step; }

// Rows of bytes with room for whole blocks; kept by each thread, because an allocation an image costs as much as the
// work on it: fresh pages must be zeroed.
struct Rows {
  std::vector<std::uint8_t> bytes;
  std::int64_t stride = 0;
  void resize(std::int64_t height, std::int64_t width) {
    stride = rounded_up(width, kBlock);
    const auto wanted = static_cast<std::size_t>(rounded_up(height, kTile) * stride);
    if (bytes.size() < wanted) bytes.resize(wanted);
  }
  std::uint8_t* row(std::int64_t y) { return bytes.data() + y * stride; }
};

// out = Σ_k weight[k]·row k, rounded and clipped. `count` is a multiple of kBlock.
VASO_CPU_CLONES void blend(const std::uint8_t* rows, std::int64_t stride, const std::int32_t* weight,
                           std::int64_t terms, std::int64_t count, std::uint8_t* out) {
  for (std::int64_t x = 0; x < count; x += kBlock) {
    std::int32_t sum[kBlock];
    for (std::int32_t& each : sum) each = 1 << (kPrecision - 1);
    for (std::int64_t k = 0; k < terms; ++k) {
      const std::uint8_t* row = rows + k * stride + x;
      for (std::int64_t i = 0; i < kBlock; ++i) sum[i] += row[i] * weight[k];
    }
    for (std::int64_t i = 0; i < kBlock; ++i)
      out[x + i] = static_cast<std::uint8_t>(std::clamp(sum[i] >> kPrecision, 0, 255));
  }
}

// 16×16 bytes: four rounds of interleaving rows i and i + 8.
void transpose_tile(const std::uint8_t* from, std::int64_t from_stride, std::uint8_t* to, std::int64_t to_stride) {
  using Bytes [[gnu::vector_size(16)]] = std::uint8_t;
  Bytes a[kTile], b[kTile];
  for (std::int64_t i = 0; i < kTile; ++i) std::memcpy(&a[i], from + i * from_stride, sizeof a[i]);
  const auto interleave = [](const Bytes(&in)[kTile], Bytes(&out)[kTile]) {
    for (std::int64_t i = 0; i < kTile / 2; ++i) {
      out[2 * i] = __builtin_shufflevector(in[i], in[i + 8], 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
      out[2 * i + 1] =
          __builtin_shufflevector(in[i], in[i + 8], 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
  };
  interleave(a, b);
  interleave(b, a);
  interleave(a, b);
  interleave(b, a);
  for (std::int64_t i = 0; i < kTile; ++i) std::memcpy(to + i * to_stride, &a[i], sizeof a[i]);
}

// to[x][y] = from[y][x]; `to` has room for whole tiles, `from` is read within `height` and `width` alone.
void transpose(const std::uint8_t* from, std::int64_t from_stride, std::int64_t height, std::int64_t width, Rows& to) {
  for (std::int64_t y = 0; y < height; y += kTile) {
    for (std::int64_t x = 0; x < width; x += kTile) {
      const std::uint8_t* tile = from + y * from_stride + x;
      std::int64_t stride = from_stride;
      std::uint8_t edge[kTile * kTile] = {};
      if (y + kTile > height || x + kTile > width) {
        for (std::int64_t i = 0; i < std::min(kTile, height - y); ++i)
          std::memcpy(edge + i * kTile, tile + i * from_stride, static_cast<std::size_t>(std::min(kTile, width - x)));
        tile = edge;
        stride = kTile;
      }
      transpose_tile(tile, stride, to.row(x) + y, to.stride);
    }
  }
}

// Output row o is blended from the input rows that `taps` says.
void blend_rows(const Taps& taps, Rows& in, std::int64_t outputs, std::int64_t width, Rows& out) {
  for (std::int64_t o = 0; o < outputs; ++o) {
    const auto i = static_cast<std::size_t>(o);
    blend(in.row(taps.first[i]), in.stride, &taps.weight[static_cast<std::size_t>(o * taps.most)], taps.count[i],
          rounded_up(width, kBlock), out.row(o));
  }
}

}  // namespace

// Along rows too, rows are blended: of the transposed window. That costs two transpositions and saves what a filter of
// its own weights for every output costs, which no vector instruction helps with.
void resize_bicubic(const Window& in, std::int64_t out_height, std::int64_t out_width, std::uint8_t* out) {
  thread_local Rows columns, narrow_columns, narrow, small;
  columns.resize(in.width, in.height);
  narrow_columns.resize(out_width, in.height);
  narrow.resize(in.height, out_width);
  small.resize(out_height, out_width);
  transpose(in.pixels, in.stride, in.height, in.width, columns);
  blend_rows(taps(in.width, out_width), columns, out_width, in.height, narrow_columns);
  transpose(narrow_columns.bytes.data(), narrow_columns.stride, out_width, in.height, narrow);
  blend_rows(taps(in.height, out_height), narrow, out_height, out_width, small);
  for (std::int64_t y = 0; y < out_height; ++y)
    std::memcpy(out + y * out_width, small.row(y), static_cast<std::size_t>(out_width));
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
