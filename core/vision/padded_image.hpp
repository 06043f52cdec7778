// An image as filters along rows want it: single precision, grey levels less 128, rows with a reflected border.
#pragma once

#include "vision/grey_image.hpp"

#include <cstdint>
#include <memory>

namespace vaso::vision {

class PaddedImage {
 public:
  static constexpr std::int64_t kSpare = 96;  // values after the right border that may be read, and mean nothing

  // `pad`: width of the border at either side.
  PaddedImage(const GreyImage& image, std::int64_t pad);
  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  std::int64_t pad() const { return pad_; }
  std::int64_t stride() const { return stride_; }                                        // from a row to the next
  const float* row(std::int64_t y) const { return values_.get() + y * stride_ + pad_; }  // from −pad on

 private:
  std::int64_t height_, width_, pad_, stride_;
  std::unique_ptr<float[]> values_;
};

}  // namespace vaso::vision
