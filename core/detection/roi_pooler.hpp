// Regions pooled from the pyramid level that suits their size.
#pragma once

#include "detection/roi_align.hpp"

#include <vector>

namespace vaso::detection {

struct RoiPoolerOptions {
  std::int64_t bins = 7, samples = 0;  // as RoiAlignOptions
  bool aligned = true;
  std::vector<double> strides = {4, 8, 16, 32};  // of the levels that are pooled from, finest first
  bool torchvision_levels = false;               // where the guard against rounding down is added
};

// Level of each box (N×4 → N int64, from 0): a box of 224×224 pixels belongs to stride 16, one of half that side to the
// next finer level, within those there are (arXiv 1612.03144, equation 1). Sizes are compared as log2(side/224 + 1e-8)
// (detectron2) or log2(side/224) + 1e-6 (torchvision).
at::Tensor pyramid_level(const at::Tensor& boxes, const RoiPoolerOptions& options);

// levels: B×C×H×W each, at least as many as strides; boxes: per image N×4 in pixels → (ΣN)×C×bins×bins, images in
// order. Differentiable in the levels.
at::Tensor pool_regions(const std::vector<at::Tensor>& levels, const std::vector<at::Tensor>& boxes,
                        const RoiPoolerOptions& options);

}  // namespace vaso::detection
