#include "vision/padded_image.hpp"

#include "kernels/clones.hpp"
#include "vision/axis_filters.hpp"

#include <algorithm>

namespace vaso::vision {
namespace {

VASO_CPU_CLONES void centre(const std::uint8_t* __restrict from, std::int64_t count, float* __restrict to) {
  for (std::int64_t x = 0; x < count; ++x) to[x] = static_cast<float>(from[x] - 128);
}

}  // namespace

PaddedImage::PaddedImage(const GreyImage& image, std::int64_t pad)
    : height_(image.height),
      width_(image.width),
      pad_(pad),
      stride_(image.width + 2 * pad + kSpare),
      values_(std::make_unique_for_overwrite<float[]>(static_cast<std::size_t>(height_ * stride_))) {
  for (std::int64_t y = 0; y < height_; ++y) {
    float* to = values_.get() + y * stride_ + pad_;
    centre(image.row(y), width_, to);
    std::fill_n(to + width_ + pad_, kSpare, 0.0f);  // no bits at random: denormals would be slow
    for (std::int64_t x = 1; x <= pad_; ++x) {
      to[-x] = to[reflect(-x, width_)];
      to[width_ - 1 + x] = to[reflect(width_ - 1 + x, width_)];
    }
  }
}

}  // namespace vaso::vision
