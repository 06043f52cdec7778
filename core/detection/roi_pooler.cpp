#include "detection/roi_pooler.hpp"

#include "detection/boxes.hpp"

#include <ATen/ATen.h>

#include <cmath>

namespace vaso::detection {

at::Tensor pyramid_level(const at::Tensor& boxes, const RoiPoolerOptions& options) {
  const at::Tensor share = box_area(boxes).sqrt() / 224;
  const at::Tensor level = options.torchvision_levels ? 4 + at::log2(share) + 1e-6 : 4 + at::log2(share + 1e-8);
  const double finest = std::log2(options.strides.front());
  const auto coarsest = static_cast<double>(options.strides.size() - 1);
  return (level - finest).floor().clamp(0, coarsest).to(at::kLong);
}

at::Tensor pool_regions(const std::vector<at::Tensor>& levels, const std::vector<at::Tensor>& boxes,
                        const RoiPoolerOptions& options) {
  std::vector<at::Tensor> with_image;
  for (std::size_t image = 0; image < boxes.size(); ++image) {
    const at::Tensor& box = boxes[image];
    with_image.push_back(at::cat({at::full({box.size(0), 1}, static_cast<double>(image), box.options()), box}, 1));
  }
  const at::Tensor regions = at::cat(with_image);
  const at::Tensor level = pyramid_level(regions.narrow(1, 1, 4), options);
  std::vector<at::Tensor> parts, places;
  for (std::size_t i = 0; i < options.strides.size(); ++i) {
    const at::Tensor mine = at::nonzero(level == static_cast<std::int64_t>(i)).squeeze(1);
    parts.push_back(roi_align(levels[i], regions.index_select(0, mine),
                              {options.bins, 1.0 / options.strides[i], options.samples, options.aligned}));
    places.push_back(mine);
  }
  return at::cat(parts).index_select(0, at::argsort(at::cat(places)));
}

}  // namespace vaso::detection
