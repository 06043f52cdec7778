// Boxes as N×4 tensors: left, top, right, bottom in pixels, continuous (no "+1").
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace vaso::detection {

struct ImageSize {
  std::int64_t height = 0, width = 0;
};

// Width times height. N×4 → N.
at::Tensor box_area(const at::Tensor& boxes);

// Intersection over union of every pair. N×4, M×4 → N×M; 0 where both boxes have no area.
at::Tensor box_iou(const at::Tensor& a, const at::Tensor& b);

// …×4 → …×4, all corners within the image.
at::Tensor clip_boxes(const at::Tensor& boxes, const ImageSize& size);

// Indices (K int64) of boxes that have an area and sides of at least `least` pixels. Boxes with a NaN are left out.
at::Tensor large_boxes(const at::Tensor& boxes, double least);

// How differences of x, y, width and height are weighted in a box code; {10, 10, 5, 5} makes those of good proposals
// about as large as class logits (Fast R-CNN, arXiv 1504.08083, as released).
using BoxWeights = std::array<double, 4>;

// What moves `anchors` to `boxes` (N×4 both): shifts of the centre in anchor sides and logarithms of the size ratio,
// times the weights. N×4 → N×4. R-CNN (arXiv 1311.2524), appendix C.
at::Tensor encode_boxes(const at::Tensor& boxes, const at::Tensor& anchors, const BoxWeights& weights);

// The inverse. codes: N×4, or N×K×4 for K boxes from each anchor; anchors: N×4. Sizes grow by no more than 1000/16, so
// that an untrained network cannot overflow the exponential.
at::Tensor decode_boxes(const at::Tensor& codes, const at::Tensor& anchors, const BoxWeights& weights);

}  // namespace vaso::detection
