// Frames that look alike: neighbours of one sequence, or one frame that was saved twice.
#pragma once

#include "vision/grey_image.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace vaso::data {

struct Sketch {
  // Difference hash: the frame at 9×8 pixels, one bit for each pixel that is darker than its right neighbour. Finds
  // candidates; alone it takes any two frames of one view for equal.
  std::uint64_t hash = 0;
  std::array<std::uint8_t, 1024> thumbnail{};  // the frame at 32×32 pixels
};
Sketch sketch(const vision::GreyImage& image);

// Hashes at most three bits apart, and thumbnails that differ by less than 2.5 grey levels (root mean square, means
// removed).
bool alike(const Sketch& a, const Sketch& b);

// Groups of at least two indices, each group around its first member, to which all others are alike; sorted.
std::vector<std::vector<std::int64_t>> near_groups(const std::vector<Sketch>& sketches);

}  // namespace vaso::data
