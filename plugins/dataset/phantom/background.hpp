// What lies behind and before the heart.
#pragma once

#include "data/philox.hpp"

#include "vision/grey_image.hpp"

namespace vaso::phantom {

// Grey values of a frame without vessels: bright lung, darker heart, spine, ribs and diaphragm, each somewhere else in
// each frame, and soft tissue that is never quite even. strength 0 leaves an even field.
vision::FloatImage draw_background(Philox& random, std::int64_t size, double strength);

}  // namespace vaso::phantom
