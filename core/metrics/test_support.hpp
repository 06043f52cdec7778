// Masks that the oracles (Python with the same generator) can draw too.
#pragma once

#include "vision/grey_image.hpp"

#include <cstdint>
#include <utility>

namespace vaso::metrics {

// Knuth's MMIX generator.
struct Draw {
  std::uint64_t state = 0x9E3779B97F4A7C15;
  std::int64_t operator()(std::int64_t count) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<std::int64_t>(state >> 33) % count;
  }
};

inline vision::GreyImage noise(Draw& draw, std::int64_t height, std::int64_t width, std::int64_t percent) {
  vision::GreyImage mask(height, width);
  for (std::uint8_t& pixel : mask.pixels) pixel = draw(100) < percent ? 255 : 0;
  return mask;
}

inline vision::GreyImage discs(Draw& draw, std::int64_t height, std::int64_t width, int count, std::int64_t radii) {
  vision::GreyImage mask(height, width);
  for (int i = 0; i < count; ++i) {
    const std::int64_t y = draw(height), x = draw(width), radius = 2 + draw(radii);
    for (std::int64_t r = 0; r < height; ++r) {
      for (std::int64_t c = 0; c < width; ++c) {
        if ((r - y) * (r - y) + (c - x) * (c - x) <= radius * radius) mask.at(r, c) = 255;
      }
    }
  }
  return mask;
}

// How many pixels are set, and the sum of their places in row order.
inline std::pair<std::int64_t, std::int64_t> digest(const vision::GreyImage& mask) {
  std::pair<std::int64_t, std::int64_t> result{0, 0};
  for (std::size_t i = 0; i < mask.pixels.size(); ++i) {
    if (mask.pixels[i] == 0) continue;
    ++result.first;
    result.second += static_cast<std::int64_t>(i);
  }
  return result;
}

}  // namespace vaso::metrics
