// How two masks overlap, and the ratios that are made of it. In masks, what is not 0 is inside.
#pragma once

#include "vision/grey_image.hpp"

#include <cstdint>

namespace vaso::metrics {

// Pixels. Sums of them are the overlap of many images taken as one.
struct Overlap {
  std::int64_t both = 0;        // inside truth and prediction
  std::int64_t truth = 0;       // inside the truth
  std::int64_t prediction = 0;  // inside the prediction
  std::int64_t pixels = 0;      // of the image

  Overlap& operator+=(const Overlap& other);
  friend Overlap operator+(Overlap left, const Overlap& right) { return left += right; }
};

// Throws std::invalid_argument where the sizes differ.
Overlap overlap(const vision::GreyImage& truth, const vision::GreyImage& prediction);

// Whatever a ratio is of, `both_empty` is its value where neither truth nor prediction has a pixel: 1, 0 or NaN by
// convention. Where one of them has none the value is 0; for precision without a prediction, too.
double dice(const Overlap& counts, double both_empty);       // 2·both / (truth + prediction)
double iou(const Overlap& counts, double both_empty);        // both / (truth + prediction − both)
double precision(const Overlap& counts, double both_empty);  // both / prediction
double recall(const Overlap& counts, double both_empty);     // both / truth

}  // namespace vaso::metrics
