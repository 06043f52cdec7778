#include "metrics/cl_dice.hpp"

#include "metrics/overlap.hpp"
#include "metrics/skeleton.hpp"

namespace vaso::metrics {

SkeletonOverlap skeleton_overlap(const vision::GreyImage& truth, const vision::GreyImage& prediction) {
  const Overlap of_prediction = overlap(truth, skeleton(prediction));
  const Overlap of_truth = overlap(skeleton(truth), prediction);
  return {of_prediction.prediction, of_prediction.both, of_truth.truth, of_truth.both};
}

double cl_dice(const SkeletonOverlap& counts, double both_empty) {
  if (counts.prediction == 0 && counts.truth == 0) return both_empty;
  if (counts.prediction_in_truth == 0 || counts.truth_in_prediction == 0) return 0;
  const double precision = static_cast<double>(counts.prediction_in_truth) / static_cast<double>(counts.prediction);
  const double sensitivity = static_cast<double>(counts.truth_in_prediction) / static_cast<double>(counts.truth);
  return 2 * precision * sensitivity / (precision + sensitivity);
}

}  // namespace vaso::metrics
