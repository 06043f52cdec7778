// Frames that look alike.
#pragma once

#include "vision/grey_image.hpp"

#include <cstdint>
#include <vector>

namespace vaso::data {

// 64-bit difference hash: the frame at 9×8 pixels, one bit for each pixel that is darker than its right neighbour.
std::uint64_t difference_hash(const vision::GreyImage& image);

// Groups of at least two indices whose hashes are linked by steps of at most three bits; sorted.
std::vector<std::vector<std::int64_t>> near_groups(const std::vector<std::uint64_t>& hashes);

}  // namespace vaso::data
