// ROIAlign: a fixed grid of values from a region of a feature map, by bilinear samples at exact positions.
// Source: Mask R-CNN, arXiv 1703.06870; conventions of torchvision 0.14 and detectron2.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace vaso::detection {

struct RoiAlignOptions {
  std::int64_t bins = 7;     // per axis
  double scale = 1.0;        // from pixels of the image to cells of the map, 1/stride
  std::int64_t samples = 0;  // per bin and axis; 0 = as many as the bin covers cells, rounded up
  bool aligned = true;       // pixel centres lie at half cells, and a region may be smaller than a cell (detectron2);
                             // false: at whole ones, and regions grow to one cell (the first Caffe2 form, torchvision)
};

// features: B×C×H×W; regions: R×5 (index of the image, left, top, right, bottom in pixels) → R×C×bins×bins in the type
// of `features`. Differentiable in `features`; regions get no gradient. Samples more than a cell outside the map are 0.
//
// On a CPU: a threaded kernel, whose gradients have the same bits for any number of threads. Elsewhere:
// roi_align_by_products.
at::Tensor roi_align(const at::Tensor& features, const at::Tensor& regions, const RoiAlignOptions& options);

// The same from ATen's operators alone, for any device. Bilinear sampling and averaging over a grid separate into rows
// and columns, so each region is two small matrix products; unlike gathered samples, their backward needs no atomic
// addition. It touches whole rows of the map and is therefore slower than a kernel.
at::Tensor roi_align_by_products(const at::Tensor& features, const at::Tensor& regions, const RoiAlignOptions& options);

}  // namespace vaso::detection
