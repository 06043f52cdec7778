// Resizing part of an 8-bit plane, to the bit as Pillow does it: the released code's views are made by torchvision on
// PIL images.
#pragma once

#include <cstdint>

namespace vaso::vision {

// A rectangle of pixels; rows of the plane it lies in are `stride` apart.
struct Window {
  const std::uint8_t* pixels = nullptr;  // its top left corner
  std::int64_t stride = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
};

// Bicubic (a = −0.5), widened where it shrinks, so that nothing aliases. Pixels outside the window do not count: the
// window is cut first. Horizontally first, rounded to 8 bit in between (Pillow, Resample.c). out: out_height×out_width.
void resize_bicubic(const Window& in, std::int64_t out_height, std::int64_t out_width, std::uint8_t* out);

// The pixel under each output pixel's centre (Pillow, Geometry.c), for masks.
void resize_nearest(const Window& in, std::int64_t out_height, std::int64_t out_width, std::uint8_t* out);

}  // namespace vaso::vision
