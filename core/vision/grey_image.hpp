// Plain images in memory, rows without gaps.
#pragma once

#include <cstdint>
#include <vector>

namespace vaso::vision {

template <class T>
struct Plane2d {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<T> pixels;  // row by row

  Plane2d() = default;
  Plane2d(std::int64_t height_, std::int64_t width_, T value = T{})
      : height(height_), width(width_), pixels(static_cast<std::size_t>(height_ * width_), value) {}
  T* row(std::int64_t y) { return pixels.data() + y * width; }
  const T* row(std::int64_t y) const { return pixels.data() + y * width; }
  T& at(std::int64_t y, std::int64_t x) { return row(y)[x]; }
  T at(std::int64_t y, std::int64_t x) const { return row(y)[x]; }
};

using GreyImage = Plane2d<std::uint8_t>;
using FloatImage = Plane2d<float>;

struct Colour {
  std::uint8_t red = 0, green = 0, blue = 0;
};
using ColourImage = Plane2d<Colour>;

}  // namespace vaso::vision
