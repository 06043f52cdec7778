// The one-pixel-wide middle line of a mask, as scikit-image's skeletonize(method="zhang") draws it.
//
// clDice depends on the skeleton: Lee's differs by up to 1.2 points, OpenCV's thinning by 1.3, Guo and Hall's by 2.6.
// scikit-image's is what the published figures were computed with, and it is not the textbook's Zhang-Suen: 25 of its
// 256 look-up entries are others.
#pragma once

#include "metrics/bit_mask.hpp"
#include "vision/grey_image.hpp"

namespace vaso::metrics {

// 255 on the skeleton, 0 elsewhere. Pixels outside the image count as outside the mask.
vision::GreyImage skeleton(const vision::GreyImage& mask);
BitMask skeleton(BitMask mask);

}  // namespace vaso::metrics
