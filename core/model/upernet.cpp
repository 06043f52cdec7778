#include "model/upernet.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <array>
#include <stdexcept>

namespace vaso::model {

namespace {

constexpr std::int64_t kMaps = 4;
constexpr std::array<std::int64_t, 4> kBins = {1, 2, 3, 6};

at::Tensor resized_like(const at::Tensor& map, const at::Tensor& other) {
  return resized(map, other.size(2), other.size(3));
}

}  // namespace

UperNet::UperNet(const DecoderOptions& options) : dropout_(options.dropout) {
  if (options.maps != kMaps) {
    throw std::invalid_argument(fmt::format("UPerNet takes {} blocks of the encoder, not {}", kMaps, options.maps));
  }
  const std::int64_t dim = options.encoder_dim, width = options.channels;
  rescale_ = register_module("rescale", std::make_shared<Sequence<Rescale>>());
  lateral_norms_ = register_module("lateral_norms", std::make_shared<Sequence<Norm2d>>());
  smooth_ = register_module("smooth", std::make_shared<Sequence<ConvNorm>>());
  for (std::int64_t level = 0; level < kMaps - 1; ++level) {
    rescale_->append(std::make_shared<Rescale>(dim, width, 2 - level, options.norm));
    lateral_norms_->append(norm_2d(options.norm, width));
    smooth_->append(std::make_shared<ConvNorm>(width, width, 3, options.norm));
  }
  pooled_ = register_module("pooled", std::make_shared<Sequence<ConvNorm>>());
  for (std::size_t i = 0; i < kBins.size(); ++i) {
    pooled_->append(std::make_shared<ConvNorm>(dim, width, 1, options.norm));
  }
  context_ = register_module(
      "context",
      std::make_shared<ConvNorm>(dim + static_cast<std::int64_t>(kBins.size()) * width, width, 3, options.norm));
  fuse_ = register_module("fuse", std::make_shared<ConvNorm>(kMaps * width, width, 3, options.norm));
  classifier_ = register_module("classifier", std::make_shared<Conv2d>(width, options.outputs, 1));
}

// Pyramid pooling: what surrounds a pixel, averaged over ever finer parts of the image (mmsegmentation's PPM).
at::Tensor UperNet::pooled_context(const at::Tensor& map) {
  std::vector<at::Tensor> parts = {map};
  for (std::size_t i = 0; i < kBins.size(); ++i) {
    const at::Tensor pooled = at::adaptive_avg_pool2d(map, {kBins[i], kBins[i]});
    parts.push_back(resized_like((*pooled_)[i].forward(pooled), map));
  }
  return context_->forward(at::cat(parts, 1));
}

at::Tensor UperNet::forward(const std::vector<at::Tensor>& maps, const at::Tensor& image, at::Generator generator) {
  const at::Tensor deepest = at::max_pool2d(maps.back(), {2, 2}, {2, 2}, /*padding=*/{0, 0}, /*dilation=*/{1, 1},
                                            /*ceil_mode=*/true);
  std::vector<at::Tensor> levels;
  for (std::size_t i = 0; i < rescale_->size(); ++i) {
    levels.push_back(at::relu((*lateral_norms_)[i].forward((*rescale_)[i].forward(maps[i]))));
  }
  levels.push_back(pooled_context(deepest));
  for (std::size_t i = levels.size() - 1; i > 0; --i) {
    levels[i - 1] = levels[i - 1] + resized_like(levels[i], levels[i - 1]);
  }
  for (std::size_t i = 0; i < smooth_->size(); ++i) levels[i] = (*smooth_)[i].forward(levels[i]);
  for (std::size_t i = 1; i < levels.size(); ++i) levels[i] = resized_like(levels[i], levels[0]);
  const at::Tensor fused = fuse_->forward(at::cat(levels, 1));
  return resized(classifier_->forward(drop_channels(fused, dropout_, generator)), image.size(2), image.size(3));
}

}  // namespace vaso::model
