// Frames for the benchmarks: winding dark bands on noise. What they show does not matter, that they are not flat does.
#pragma once

#include "data/philox.hpp"

#include "vision/grey_image.hpp"

#include <cmath>

namespace vaso::bench {

inline vision::GreyImage frame(std::int64_t side, std::uint64_t number) {
  vision::GreyImage image(side, side);
  Philox random(random_key(number, "bench"));
  const double tilt = random.uniform(-1, 1), wave = random.uniform(8, 30);
  for (std::int64_t y = 0; y < side; ++y) {
    for (std::int64_t x = 0; x < side; ++x) {
      const double across = std::fmod(
          static_cast<double>(y) + tilt * static_cast<double>(x) + 9 * std::sin(static_cast<double>(x) / wave) + 1e4,
          90);
      const double band = 70 * std::exp(-(across - 45) * (across - 45) / 12);
      image.at(y, x) = static_cast<std::uint8_t>(170 - band + random.uniform(-4, 4));
    }
  }
  return image;
}

}  // namespace vaso::bench
