#include "metrics/cl_dice.hpp"

#include "metrics/bit_mask.hpp"
#include "metrics/skeleton.hpp"

namespace vaso::metrics {

SkeletonOverlap skeleton_overlap(const vision::GreyImage& truth, const vision::GreyImage& prediction) {
  const BitMask in_truth(truth), in_prediction(prediction);
  const BitMask truth_line = skeleton(in_truth), prediction_line = skeleton(in_prediction);
  return {pixels_inside(prediction_line), pixels_inside(prediction_line, in_truth), pixels_inside(truth_line),
          pixels_inside(truth_line, in_prediction)};
}

double cl_dice(const SkeletonOverlap& counts, double both_empty) {
  if (counts.prediction == 0 && counts.truth == 0) return both_empty;
  if (counts.prediction_in_truth == 0 || counts.truth_in_prediction == 0) return 0;
  const double precision = static_cast<double>(counts.prediction_in_truth) / static_cast<double>(counts.prediction);
  const double sensitivity = static_cast<double>(counts.truth_in_prediction) / static_cast<double>(counts.truth);
  return 2 * precision * sensitivity / (precision + sensitivity);
}

}  // namespace vaso::metrics
