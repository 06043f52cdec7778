// How far every pixel is from the nearest of some pixels, exactly.
#pragma once

#include "vision/grey_image.hpp"

#include <cstdint>

namespace vaso::metrics {

// Squared Euclidean distance, in pixels², to the nearest pixel of `seeds` that is not 0. Throws std::invalid_argument
// where there is none.
vision::Plane2d<std::int64_t> squared_distances(const vision::GreyImage& seeds);

}  // namespace vaso::metrics
