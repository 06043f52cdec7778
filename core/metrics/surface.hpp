// How far apart the outlines of two masks are, in pixels.
#pragma once

#include "vision/grey_image.hpp"

namespace vaso::metrics {

// Defined as in MONAI (monai/metrics/hausdorff_distance.py, surface_distance.py): an outline is the pixels of a mask
// that have one of their four neighbours outside it, or outside the image. medpy differs: there, hd95 is the percentile
// of both directions' distances together, and assd the mean of the two directions' means.
struct SurfaceDistances {
  double hd95 = 0;  // the larger of the two directions' 95th percentiles (linear between ranks, as numpy's)
  double assd = 0;  // mean distance, over the pixels of both outlines together
};

// Both NaN where truth or prediction is empty: there is no distance to nothing. Throws std::invalid_argument where the
// sizes differ.
SurfaceDistances surface_distances(const vision::GreyImage& truth, const vision::GreyImage& prediction);

}  // namespace vaso::metrics
