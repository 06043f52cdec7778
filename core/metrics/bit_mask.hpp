// A mask with 64 pixels in a word: what a mask metric does to every pixel, it does to 64 of them at once.
#pragma once

#include "vision/grey_image.hpp"

#include <cstdint>
#include <vector>

namespace vaso::metrics {

// Pixel x of a row is bit x % 64 of its word x / 64. Around all rows lies a border of words that are 0, so that every
// word has neighbours.
class BitMask {
 public:
  explicit BitMask(const vision::GreyImage& mask);  // what is not 0 is inside
  vision::GreyImage image() const;                  // 255 inside, 0 elsewhere

  std::int64_t height() const { return height_; }
  std::int64_t width() const { return width_; }
  std::int64_t words_a_row() const { return stride_ - 2; }
  std::int64_t stride() const { return stride_; }  // words from a row to the next
  std::uint64_t* row(std::int64_t y) { return words_.data() + (y + 1) * stride_ + 1; }
  const std::uint64_t* row(std::int64_t y) const { return words_.data() + (y + 1) * stride_ + 1; }

 private:
  std::int64_t height_, width_, stride_;
  std::vector<std::uint64_t> words_;
};

std::int64_t pixels_inside(const BitMask& mask);
// Inside both. Throws std::invalid_argument where the sizes differ.
std::int64_t pixels_inside(const BitMask& one, const BitMask& other);

}  // namespace vaso::metrics
