// Connected components of a mask, by runs of pixels.
#pragma once

#include "vision/grey_image.hpp"

#include <cstddef>

namespace vaso::vision {

enum class Neighbours { four, eight };

// Of a mask of 0 and 255 keeps the component that holds pixel `seed` (index in raster order); erases all where the seed
// is 0.
void keep_component(GreyImage& mask, std::size_t seed, Neighbours neighbours);

// Erases components of fewer than `least` pixels.
void erase_small_components(GreyImage& mask, std::int64_t least, Neighbours neighbours);

}  // namespace vaso::vision
