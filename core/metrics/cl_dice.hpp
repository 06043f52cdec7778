// clDice: Dice of middle lines, which counts vessels by their length and connection instead of their area.
// Shit et al., "clDice – a novel topology-preserving loss function for tubular structure segmentation",
// arXiv 2003.07311; jocpae/clDice, cldice_metric/cldice.py.
#pragma once

#include "vision/grey_image.hpp"

#include <cstdint>

namespace vaso::metrics {

// Skeleton pixels, and how many of them lie inside the other mask.
struct SkeletonOverlap {
  std::int64_t prediction = 0, prediction_in_truth = 0;
  std::int64_t truth = 0, truth_in_prediction = 0;
};

// Throws std::invalid_argument where the sizes differ.
SkeletonOverlap skeleton_overlap(const vision::GreyImage& truth, const vision::GreyImage& prediction);

// The harmonic mean of prediction_in_truth / prediction ("topology precision") and truth_in_prediction / truth
// ("topology sensitivity"), without smoothing. 0 where one skeleton is empty, both_empty where both are.
double cl_dice(const SkeletonOverlap& counts, double both_empty);

}  // namespace vaso::metrics
