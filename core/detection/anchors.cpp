#include "detection/anchors.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace vaso::detection {

at::Tensor cell_anchors(const AnchorOptions& options, std::size_t level) {
  std::vector<at::Tensor> anchors;
  for (const double ratio : options.ratios) {
    for (const double size : options.sizes[level]) {
      const double half_height = size * std::sqrt(ratio) / 2, half_width = size / std::sqrt(ratio) / 2;
      anchors.push_back(at::tensor({-half_width, -half_height, half_width, half_height}, at::kDouble));
    }
  }
  const at::Tensor all = at::stack(anchors);
  return options.rounded ? all.round() : all;
}

at::Tensor level_anchors(const AnchorOptions& options, std::size_t level, std::int64_t height, std::int64_t width,
                         double stride, const at::Tensor& like) {
  const auto type = at::TensorOptions().dtype(like.scalar_type()).device(like.device());
  const at::Tensor x = (at::arange(width, type) * stride).view({1, -1}).expand({height, width});
  const at::Tensor y = (at::arange(height, type) * stride).view({-1, 1}).expand({height, width});
  const at::Tensor shift = at::stack({x, y, x, y}, -1).view({height * width, 1, 4});
  return (shift + cell_anchors(options, level).to(type)).reshape({-1, 4});
}

}  // namespace vaso::detection
