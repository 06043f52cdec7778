#include "detection/boxes.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace vaso::detection {

namespace {

struct CentreForm {
  at::Tensor x, y, width, height;
};

CentreForm centre_form(const at::Tensor& boxes) {
  const at::Tensor left = boxes.select(-1, 0), top = boxes.select(-1, 1);
  const at::Tensor width = boxes.select(-1, 2) - left, height = boxes.select(-1, 3) - top;
  return {left + width * 0.5, top + height * 0.5, width, height};
}

}  // namespace

at::Tensor box_area(const at::Tensor& boxes) {
  return (boxes.select(1, 2) - boxes.select(1, 0)) * (boxes.select(1, 3) - boxes.select(1, 1));
}

at::Tensor box_iou(const at::Tensor& a, const at::Tensor& b) {
  const at::Tensor first = a.unsqueeze(1), second = b.unsqueeze(0);
  const at::Tensor low = at::maximum(first.narrow(2, 0, 2), second.narrow(2, 0, 2));
  const at::Tensor high = at::minimum(first.narrow(2, 2, 2), second.narrow(2, 2, 2));
  const at::Tensor sides = (high - low).clamp_min(0);
  const at::Tensor shared = sides.select(2, 0) * sides.select(2, 1);
  const at::Tensor together = box_area(a).unsqueeze(1) + box_area(b).unsqueeze(0) - shared;
  return at::where(together > 0, shared / together, at::zeros({}, shared.options()));
}

at::Tensor clip_boxes(const at::Tensor& boxes, const ImageSize& size) {
  const double width = static_cast<double>(size.width), height = static_cast<double>(size.height);
  return at::stack({boxes.select(-1, 0).clamp(0, width), boxes.select(-1, 1).clamp(0, height),
                    boxes.select(-1, 2).clamp(0, width), boxes.select(-1, 3).clamp(0, height)},
                   -1);
}

at::Tensor large_boxes(const at::Tensor& boxes, double least) {
  const at::Tensor width = boxes.select(1, 2) - boxes.select(1, 0), height = boxes.select(1, 3) - boxes.select(1, 1);
  const at::Tensor shorter = at::minimum(width, height);
  return at::nonzero((shorter >= least).logical_and(shorter > 0)).squeeze(1);
}

at::Tensor encode_boxes(const at::Tensor& boxes, const at::Tensor& anchors, const BoxWeights& weights) {
  const CentreForm box = centre_form(boxes), anchor = centre_form(anchors);
  return at::stack({(box.x - anchor.x) * weights[0] / anchor.width, (box.y - anchor.y) * weights[1] / anchor.height,
                    at::log(box.width / anchor.width) * weights[2], at::log(box.height / anchor.height) * weights[3]},
                   -1);
}

at::Tensor decode_boxes(const at::Tensor& codes, const at::Tensor& anchors, const BoxWeights& weights) {
  static const double most_growth = std::log(1000.0 / 16.0);
  const CentreForm anchor = centre_form(codes.dim() == 3 ? anchors.unsqueeze(1) : anchors);
  const at::Tensor x = codes.select(-1, 0) / weights[0] * anchor.width + anchor.x;
  const at::Tensor y = codes.select(-1, 1) / weights[1] * anchor.height + anchor.y;
  const at::Tensor half_width = (codes.select(-1, 2) / weights[2]).clamp_max(most_growth).exp() * anchor.width * 0.5;
  const at::Tensor half_height = (codes.select(-1, 3) / weights[3]).clamp_max(most_growth).exp() * anchor.height * 0.5;
  return at::stack({x - half_width, y - half_height, x + half_width, y + half_height}, -1);
}

}  // namespace vaso::detection
