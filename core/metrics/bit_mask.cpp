#include "metrics/bit_mask.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <stdexcept>

namespace vaso::metrics {
namespace {

// Eight pixels (the first in the lowest byte) to eight bits.
std::uint64_t pack(std::uint64_t bytes) {
  constexpr std::uint64_t kLow = 0x7f7f7f7f7f7f7f7f, kFirst = 0x0101010101010101;
  const std::uint64_t inside = (((bytes & kLow) + kLow) | bytes) >> 7 & kFirst;  // 1 where the byte is not 0
  return inside * 0x0102040810204080 >> 56;
}

}  // namespace

BitMask::BitMask(const vision::GreyImage& mask)
    : height_(mask.height),
      width_(mask.width),
      stride_((mask.width + 63) / 64 + 2),
      words_(static_cast<std::size_t>(stride_ * (mask.height + 2)), 0) {
  static_assert(std::endian::native == std::endian::little);
  for (std::int64_t y = 0; y < height_; ++y) {
    const std::uint8_t* const pixels = mask.row(y);
    std::uint64_t* const words = row(y);
    for (std::int64_t x = 0; x < width_; x += 8) {
      std::uint64_t bytes = 0;
      std::memcpy(&bytes, pixels + x, static_cast<std::size_t>(std::min<std::int64_t>(8, width_ - x)));
      words[x / 64] |= pack(bytes) << x % 64;
    }
  }
}

vision::GreyImage BitMask::image() const {
  vision::GreyImage image(height_, width_);
  for (std::int64_t y = 0; y < height_; ++y) {
    for (std::int64_t x = 0; x < width_; ++x) image.at(y, x) = (row(y)[x / 64] >> x % 64 & 1) != 0 ? 255 : 0;
  }
  return image;
}

std::int64_t pixels_inside(const BitMask& mask) { return pixels_inside(mask, mask); }

std::int64_t pixels_inside(const BitMask& one, const BitMask& other) {
  if (one.height() != other.height() || one.width() != other.width()) {
    throw std::invalid_argument("truth and prediction have different sizes");
  }
  std::int64_t count = 0;
  for (std::int64_t y = 0; y < one.height(); ++y) {
    for (std::int64_t i = 0; i < one.words_a_row(); ++i) count += std::popcount(one.row(y)[i] & other.row(y)[i]);
  }
  return count;
}

}  // namespace vaso::metrics
