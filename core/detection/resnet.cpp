#include "detection/resnet.hpp"

#include <ATen/ATen.h>

namespace vaso::detection {

namespace {

constexpr std::int64_t expansion = 4;  // channels out of a block for one inside

std::shared_ptr<model::Conv2d> plain_conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return std::make_shared<model::Conv2d>(in, out, kernel, stride, /*groups=*/1, /*bias=*/false);
}

}  // namespace

Bottleneck::Bottleneck(std::int64_t in, std::int64_t width, std::int64_t stride, const std::string& norm) {
  const std::int64_t out = width * expansion;
  conv1_ = register_module("conv1", plain_conv(in, width, 1, 1));
  bn1_ = register_module("bn1", model::norm_2d(norm, width));
  conv2_ = register_module("conv2", plain_conv(width, width, 3, stride));
  bn2_ = register_module("bn2", model::norm_2d(norm, width));
  conv3_ = register_module("conv3", plain_conv(width, out, 1, 1));
  bn3_ = register_module("bn3", model::norm_2d(norm, out));
  if (stride != 1 || in != out) {
    const auto downsample = register_module("downsample", std::make_shared<torch::nn::Module>());
    shortcut_ = downsample->register_module("0", plain_conv(in, out, 1, stride));
    shortcut_norm_ = downsample->register_module("1", model::norm_2d(norm, out));
  }
}

at::Tensor Bottleneck::forward(const at::Tensor& x) {
  at::Tensor y = at::relu(bn1_->forward(conv1_->forward(x)));
  y = at::relu(bn2_->forward(conv2_->forward(y)));
  y = bn3_->forward(conv3_->forward(y));
  return at::relu(y + (shortcut_ ? shortcut_norm_->forward(shortcut_->forward(x)) : x));
}

ResNet::ResNet(const ResNetOptions& options) {
  conv1_ = register_module("conv1", plain_conv(3, options.width, 7, 2));
  bn1_ = register_module("bn1", model::norm_2d(options.norm, options.width));
  std::int64_t in = options.width, width = options.width;
  for (std::size_t stage = 0; stage < options.blocks.size(); ++stage, width *= 2) {
    const auto layer =
        register_module("layer" + std::to_string(stage + 1), std::make_shared<model::Sequence<Bottleneck>>());
    for (std::int64_t block = 0; block < options.blocks[stage]; ++block) {
      layer->append(std::make_shared<Bottleneck>(in, width, stage > 0 && block == 0 ? 2 : 1, options.norm));
      in = width * expansion;
    }
    layers_.push_back(layer);
    channels_.push_back(in);
  }
}

std::vector<at::Tensor> ResNet::forward(const at::Tensor& image) {
  at::Tensor x = at::relu(bn1_->forward(conv1_->forward(image)));
  x = at::max_pool2d(x, /*kernel_size=*/3, /*stride=*/2, /*padding=*/1);
  std::vector<at::Tensor> maps;
  for (const auto& layer : layers_) {
    for (std::size_t block = 0; block < layer->size(); ++block) x = (*layer)[block].forward(x);
    maps.push_back(x);
  }
  return maps;
}

}  // namespace vaso::detection
