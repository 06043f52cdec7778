#include "detection/matcher.hpp"

#include <ATen/ATen.h>

namespace vaso::detection {

at::Tensor match(const at::Tensor& iou, double positive, double negative, bool low_quality) {
  const auto indices = iou.options().dtype(at::kLong);
  if (iou.size(0) == 0) return at::full({iou.size(1)}, background, indices);
  const auto [overlap, best] = iou.max(0);
  at::Tensor matches =
      at::where(overlap < negative, at::full({}, background, indices), at::full({}, undecided, indices));
  at::Tensor chosen = overlap >= positive;
  if (low_quality && iou.size(1) > 0) {
    // Equality to the last bit finds ties; the candidate then belongs to the box that it overlaps most, which may be
    // another one (torchvision: Matcher.set_low_quality_matches_).
    const at::Tensor most = std::get<0>(iou.max(1, /*keepdim=*/true));
    chosen = chosen.logical_or(iou.eq(most).logical_and(most > 0).any(0));
  }
  return at::where(chosen, best, matches);
}

}  // namespace vaso::detection
