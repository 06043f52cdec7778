// Feature pyramids: maps of equal width at strides that double from level to level.
#pragma once

#include "model/conv_blocks.hpp"

#include <memory>
#include <string>
#include <vector>

namespace vaso::detection {

// From the last map of a plain vision transformer alone: at 4, 2, 1 and ½ times its size, and once more halved.
// Source: ViTDet, arXiv 2203.16527; detectron2, modeling/backbone/vit.py: SimpleFeaturePyramid.
class SimpleFeaturePyramid : public torch::nn::Module {
 public:
  // dim: channels of the transformer's map; norm: as model::norm_2d takes it ("ln" in ViTDet).
  SimpleFeaturePyramid(std::int64_t dim, std::int64_t channels, const std::string& norm);
  // B×dim×g×g → five maps B×channels×…: 4g, 2g, g, g/2, g/4, rounded up.
  std::vector<at::Tensor> forward(const at::Tensor& map);

 private:
  std::shared_ptr<model::Sequence<model::Rescale>> up_;  // of the two finest levels
  std::shared_ptr<model::Sequence<model::ConvNorm>> lateral_, output_;
};

// From the maps of a convolutional network, finest first: coarser levels are added to finer ones on the way down.
// Source: Lin et al., "Feature pyramid networks", arXiv 1612.03144. Always with a norm, without which a detector does
// not train from scratch (arXiv 1811.08883).
class FeaturePyramid : public torch::nn::Module {
 public:
  FeaturePyramid(const std::vector<std::int64_t>& in_channels, std::int64_t channels, const std::string& norm);
  // One map a level of any sizes → as many B×channels×… of the same sizes, and the last one subsampled by 2.
  std::vector<at::Tensor> forward(const std::vector<at::Tensor>& maps);

 private:
  std::shared_ptr<model::Sequence<model::ConvNorm>> lateral_, output_;
};

}  // namespace vaso::detection
