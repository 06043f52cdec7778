// ResNet with bottleneck blocks and torchvision's parameter names (conv1, bn1, layer1.0.conv1, …, downsample.0).
// Source: He et al., "Deep residual learning", arXiv 1512.03385; stride on the 3×3 convolution, as torchvision.
#pragma once

#include "model/layers.hpp"

#include <array>
#include <memory>
#include <string>
#include <vector>

namespace vaso::detection {

// The defaults are a ResNet-50. From scratch its norms must train: batch norm with frozen random statistics cannot, and
// with small batches group norm is the safer choice ("Rethinking ImageNet pre-training", arXiv 1811.08883).
struct ResNetOptions {
  std::array<std::int64_t, 4> blocks = {3, 4, 6, 3};
  std::int64_t width = 64;  // channels after the stem; a stage puts out 4, 8, 16 and 32 times as many
  std::string norm = "gn";  // as model::norm_2d takes it
};

class Bottleneck : public torch::nn::Module {
 public:
  Bottleneck(std::int64_t in, std::int64_t width, std::int64_t stride, const std::string& norm);
  at::Tensor forward(const at::Tensor& x);

 private:
  std::shared_ptr<model::Conv2d> conv1_, conv2_, conv3_, shortcut_;
  std::shared_ptr<model::Norm2d> bn1_, bn2_, bn3_, shortcut_norm_;
};

class ResNet : public torch::nn::Module {
 public:
  explicit ResNet(const ResNetOptions& options);
  // B×3×H×W → C2, C3, C4, C5: B×channels()[i]×H/4…H/32×W/4…W/32, sizes rounded up.
  std::vector<at::Tensor> forward(const at::Tensor& image);
  const std::vector<std::int64_t>& channels() const { return channels_; }

 private:
  std::shared_ptr<model::Conv2d> conv1_;
  std::shared_ptr<model::Norm2d> bn1_;
  std::vector<std::shared_ptr<model::Sequence<Bottleneck>>> layers_;
  std::vector<std::int64_t> channels_;
};

}  // namespace vaso::detection
