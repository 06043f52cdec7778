#include "detection/feature_pyramid.hpp"

#include <ATen/ATen.h>

namespace vaso::detection {

namespace {

using Convs = model::Sequence<model::ConvNorm>;

std::shared_ptr<model::ConvNorm> conv(std::int64_t in, std::int64_t out, std::int64_t kernel, const std::string& norm) {
  return std::make_shared<model::ConvNorm>(in, out, kernel, norm, model::Activation::none);
}

// The coarsest level serves only the largest anchors: every other cell of the one before (detectron2 LastLevelMaxPool).
at::Tensor subsampled(const at::Tensor& map) { return at::max_pool2d(map, /*kernel_size=*/1, /*stride=*/2); }

}  // namespace

SimpleFeaturePyramid::SimpleFeaturePyramid(std::int64_t dim, std::int64_t channels, const std::string& norm)
    : up_(register_module("up", std::make_shared<model::Sequence<model::Rescale>>())),
      lateral_(register_module("lateral", std::make_shared<Convs>())),
      output_(register_module("output", std::make_shared<Convs>())) {
  up_->append(std::make_shared<model::Rescale>(dim, dim / 4, /*twice=*/2, norm));
  up_->append(std::make_shared<model::Rescale>(dim, dim / 2, /*twice=*/1, norm));
  for (const std::int64_t in : {dim / 4, dim / 2, dim, dim}) {
    lateral_->append(conv(in, channels, 1, norm));
    output_->append(conv(channels, channels, 3, norm));
  }
}

std::vector<at::Tensor> SimpleFeaturePyramid::forward(const at::Tensor& map) {
  const at::Tensor half = at::max_pool2d(map, {2, 2}, {2, 2}, /*padding=*/{0, 0}, /*dilation=*/{1, 1},
                                         /*ceil_mode=*/true);
  std::vector<at::Tensor> levels = {(*up_)[0].forward(map), (*up_)[1].forward(map), map, half};
  for (std::size_t i = 0; i < levels.size(); ++i) {
    levels[i] = (*output_)[i].forward((*lateral_)[i].forward(levels[i]));
  }
  levels.push_back(subsampled(levels.back()));
  return levels;
}

FeaturePyramid::FeaturePyramid(const std::vector<std::int64_t>& in_channels, std::int64_t channels,
                               const std::string& norm)
    : lateral_(register_module("lateral", std::make_shared<Convs>())),
      output_(register_module("output", std::make_shared<Convs>())) {
  for (const std::int64_t in : in_channels) {
    lateral_->append(conv(in, channels, 1, norm));
    output_->append(conv(channels, channels, 3, norm));
  }
}

std::vector<at::Tensor> FeaturePyramid::forward(const std::vector<at::Tensor>& maps) {
  std::vector<at::Tensor> levels(maps.size());
  at::Tensor coarser;
  for (std::size_t i = maps.size(); i-- > 0;) {
    at::Tensor map = (*lateral_)[i].forward(maps[i]);
    if (coarser.defined()) map = map + model::resized_nearest(coarser, map.size(2), map.size(3));
    coarser = map;
    levels[i] = (*output_)[i].forward(map);
  }
  levels.push_back(subsampled(levels.back()));
  return levels;
}

}  // namespace vaso::detection
