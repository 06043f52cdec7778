// Pictures of what a run did, for people who would rather look than read.
#pragma once

#include "train/recipe.hpp"

#include <filesystem>

namespace vaso::train {

struct PlanPicture {
  const Recipe* recipe;
  Bag batch;            // "image" B×3×S×S, normalised
  at::Tensor guidance;  // B×1×S×S in [0,1]
  MaskPlan plan;
  at::Tensor prediction;  // B×L×P, undefined = none
};

// One row per image: image, guidance (red over the image), mask plan (masked grey, dropped black), reconstruction
// (visible patches from the image, the others predicted). Throws CheckpointError where the file cannot be written.
void draw_plan(const std::filesystem::path& file, const PlanPicture& picture);

// One row per image: image, the mask that taught (green), the probability learned (red).
void draw_segmentation(const std::filesystem::path& file, const Recipe& recipe, const at::Tensor& image,
                       const at::Tensor& mask, const at::Tensor& probability);

}  // namespace vaso::train
