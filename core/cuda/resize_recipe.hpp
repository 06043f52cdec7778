// Views from windows of bytes: bicubic as vision::resize_bicubic and nearest as vision::resize_nearest do it, to the
// bit, then mirrored where asked for and looked up in a table of floats.
#pragma once

#include "cuda/for_each.hpp"

#include <cmath>

namespace vaso::cuda {

// One window to make a view of; its rows stand one after another from `offset` on.
struct Window {
  std::int64_t offset;
  std::int32_t height, width;
  std::int32_t flip;
  std::int32_t unused = 0;
};

// All windows of one call become views of one size.
struct Views {
  const std::uint8_t* bytes = nullptr;
  const Window* windows = nullptr;
  std::int64_t count = 0;
  std::int64_t tallest = 0, widest = 0;  // of all windows
  std::int64_t size = 0;                 // side of a view
  std::int64_t channels = 0;
  const float* table = nullptr;  // channels×256: what each grey level becomes
  float* out = nullptr;          // count×channels×size×size
};

// ---- bicubic ----------------------------------------------------------------------------------------------------

constexpr int weight_bits = 22;  // as in vision/resample.cpp

// Which pixels make an output along one axis.
struct Reach {
  double centre, widening;
  std::int32_t first, count;
};

VASO_HOST_DEVICE inline Reach reach(std::int64_t in, std::int64_t out, std::int64_t at) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double widening = scale > 1 ? scale : 1.0;
  const double support = 2 * widening;
  const double centre = (static_cast<double>(at) + 0.5) * scale;
  const auto from = static_cast<std::int64_t>(centre - support + 0.5);
  const auto to = static_cast<std::int64_t>(centre + support + 0.5);
  const std::int64_t first = from > 0 ? from : 0, end = to < in ? to : in;
  return {centre, widening, static_cast<std::int32_t>(first), static_cast<std::int32_t>(end - first)};
}

// The most pixels that an output of `out` takes from `in`.
inline std::int64_t most_taps(std::int64_t in, std::int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  return static_cast<std::int64_t>(std::ceil(2 * (scale > 1 ? scale : 1.0))) * 2 + 1;
}

VASO_HOST_DEVICE inline double bicubic(double x) {
  constexpr double a = -0.5;
  x = x < 0 ? -x : x;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

VASO_HOST_DEVICE inline double exact_weight(const Reach& reach, std::int32_t tap) {
  return bicubic((static_cast<double>(reach.first) + tap - reach.centre + 0.5) / reach.widening);
}

VASO_HOST_DEVICE inline std::uint8_t clip(std::int32_t sum) {
  const std::int32_t value = sum >> weight_bits;
  return static_cast<std::uint8_t>(value < 0 ? 0 : value > 255 ? 255 : value);
}

// Working memory: for each window the weights of both axes, then the rows that are already narrow.
struct BicubicScratch {
  std::int64_t taps = 0;  // room per output
  std::int32_t* weights = nullptr;
  std::uint8_t* narrow = nullptr;

  static std::int64_t bytes(const Views& views) {
    return views.count * views.size * (2 * room(views) * std::int64_t{sizeof(std::int32_t)} + views.tallest);
  }
  static BicubicScratch over(const Views& views, void* memory) {
    BicubicScratch scratch;
    scratch.taps = room(views);
    scratch.weights = static_cast<std::int32_t*>(memory);
    scratch.narrow = reinterpret_cast<std::uint8_t*>(scratch.weights + views.count * views.size * 2 * scratch.taps);
    return scratch;
  }

 private:
  static std::int64_t room(const Views& views) {
    return most_taps(views.tallest > views.widest ? views.tallest : views.widest, views.size);
  }
};

// (window, axis, output): its weights. Axis 0 is across.
struct WeighTaps {
  Views views;
  BicubicScratch scratch;
  VASO_HOST_DEVICE void operator()(std::int64_t window, std::int64_t axis, std::int64_t at) const {
    const Window& shape = views.windows[window];
    const Reach taps = reach(axis == 0 ? shape.width : shape.height, views.size, at);
    double sum = 0;
    for (std::int32_t i = 0; i < taps.count; ++i) sum += exact_weight(taps, i);
    std::int32_t* weights = scratch.weights + ((window * 2 + axis) * views.size + at) * scratch.taps;
    for (std::int32_t i = 0; i < taps.count; ++i) {
      weights[i] = static_cast<std::int32_t>(lround(exact_weight(taps, i) / sum * (1 << weight_bits)));
    }
  }
};

// (window, row of it, output column)
struct Narrow {
  Views views;
  BicubicScratch scratch;
  VASO_HOST_DEVICE void operator()(std::int64_t window, std::int64_t row, std::int64_t column) const {
    const Window& shape = views.windows[window];
    if (row >= shape.height) return;
    const Reach taps = reach(shape.width, views.size, column);
    const std::int32_t* weights = scratch.weights + (window * 2 * views.size + column) * scratch.taps;
    const std::uint8_t* from = views.bytes + shape.offset + row * shape.width + taps.first;
    std::int32_t sum = 1 << (weight_bits - 1);
    for (std::int32_t i = 0; i < taps.count; ++i) sum += from[i] * weights[i];
    scratch.narrow[(window * views.tallest + row) * views.size + column] = clip(sum);
  }
};

// Where a grey level goes in every channel.
VASO_HOST_DEVICE inline void put(const Views& views, std::int64_t window, std::int64_t row, std::int64_t column,
                                 std::uint8_t grey) {
  const std::int64_t place = views.windows[window].flip != 0 ? views.size - 1 - column : column;
  float* out = views.out + (window * views.channels * views.size + row) * views.size + place;
  for (std::int64_t c = 0; c < views.channels; ++c) out[c * views.size * views.size] = views.table[c * 256 + grey];
}

// (window, output row, output column)
struct Shorten {
  Views views;
  BicubicScratch scratch;
  VASO_HOST_DEVICE void operator()(std::int64_t window, std::int64_t row, std::int64_t column) const {
    const Reach taps = reach(views.windows[window].height, views.size, row);
    const std::int32_t* weights = scratch.weights + ((window * 2 + 1) * views.size + row) * scratch.taps;
    const std::uint8_t* from = scratch.narrow + (window * views.tallest + taps.first) * views.size + column;
    std::int32_t sum = 1 << (weight_bits - 1);
    for (std::int32_t i = 0; i < taps.count; ++i) sum += from[i * views.size] * weights[i];
    put(views, window, row, column, clip(sum));
  }
};

template <class Run>
void bicubic_views(const Run& run, const Views& views, void* memory) {
  const BicubicScratch scratch = BicubicScratch::over(views, memory);
  run({views.count, 2, views.size}, WeighTaps{views, scratch});
  run({views.count, views.tallest, views.size}, Narrow{views, scratch});
  run({views.count, views.size, views.size}, Shorten{views, scratch});
}

// ---- nearest ----------------------------------------------------------------------------------------------------

struct NearestScratch {
  std::int32_t* sources = nullptr;  // of each window, across then down
  static std::int64_t bytes(const Views& views) {
    return views.count * 2 * views.size * std::int64_t{sizeof(std::int32_t)};
  }
  static NearestScratch over(void* memory) { return {static_cast<std::int32_t*>(memory)}; }
};

// (window, 0, axis). One item makes a whole axis: positions are summed step by step, so that rounding falls as on the
// CPU.
struct FindSources {
  Views views;
  NearestScratch scratch;
  VASO_HOST_DEVICE void operator()(std::int64_t window, std::int64_t, std::int64_t axis) const {
    const std::int64_t in = axis == 0 ? views.windows[window].width : views.windows[window].height;
    std::int32_t* sources = scratch.sources + (window * 2 + axis) * views.size;
    const double scale = static_cast<double>(in) / static_cast<double>(views.size);
    double position = scale * 0.5;
    for (std::int64_t at = 0; at < views.size; ++at, position += scale) {
      const auto source = static_cast<std::int64_t>(position);
      sources[at] = static_cast<std::int32_t>(source < in - 1 ? source : in - 1);
    }
  }
};

// (window, output row, output column)
struct PickNearest {
  Views views;
  NearestScratch scratch;
  VASO_HOST_DEVICE void operator()(std::int64_t window, std::int64_t row, std::int64_t column) const {
    const std::int32_t* sources = scratch.sources + window * 2 * views.size;
    const std::int64_t from = std::int64_t{sources[views.size + row]} * views.windows[window].width + sources[column];
    put(views, window, row, column, views.bytes[views.windows[window].offset + from]);
  }
};

template <class Run>
void nearest_views(const Run& run, const Views& views, void* memory) {
  const NearestScratch scratch = NearestScratch::over(memory);
  run({views.count, 1, 2}, FindSources{views, scratch});
  run({views.count, views.size, views.size}, PickNearest{views, scratch});
}

}  // namespace vaso::cuda
