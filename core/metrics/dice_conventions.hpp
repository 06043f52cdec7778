// Dice as other code bases define it, from the same counts.
#pragma once

#include "metrics/mask_scores.hpp"

#include <span>

namespace vaso::metrics {

// dice_global, iou_global, dice_monai, dice_monai_with_empty, dice_nnunet, dice_mmseg, dice_medpy.
std::vector<Metric> dice_conventions(std::span<const MaskScores::Image> images, std::size_t labels);

// One label's counts over all images.
Overlap pooled(std::span<const MaskScores::Image> images, std::size_t label);

}  // namespace vaso::metrics
