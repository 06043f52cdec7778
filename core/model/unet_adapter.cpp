#include "model/unet_adapter.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <stdexcept>

namespace vaso::model {

UnetAdapter::UnetAdapter(const DecoderOptions& options, bool image_branch) : dropout_(options.dropout) {
  if (options.maps != 1 && options.maps != kLevels) {
    throw std::invalid_argument(fmt::format(
        "the U-Net adapter takes one block for all levels, or one for each of {}, not {}", kLevels, options.maps));
  }
  const auto doublings = std::lround(std::log2(static_cast<double>(options.patch_size)));
  const auto width = [&](std::int64_t level) { return options.channels << level; };
  if (image_branch) image_ = register_module("image", std::make_shared<DoubleConv>(3, width(0), options.norm));
  rescale_ = register_module("rescale", std::make_shared<Sequence<Rescale>>());
  for (std::int64_t level = 0; level < kLevels; ++level) {
    rescale_->append(
        std::make_shared<Rescale>(options.encoder_dim, width(level), doublings - (level + 1), options.norm));
  }
  // From deep to fine; step i leaves the size of level 3 − i, and the last one that of the image.
  steps_ = register_module("steps", std::make_shared<Sequence<DoubleConv>>());
  std::int64_t in = width(kLevels - 1);
  for (std::int64_t level = kLevels - 1; level >= 0; --level) {
    const std::int64_t skip = level > 0 ? width(level - 1) : (image_branch ? width(0) : 0);
    steps_->append(std::make_shared<DoubleConv>(in + skip, width(level), options.norm));
    in = width(level);
  }
  classifier_ = register_module("classifier", std::make_shared<Conv2d>(width(0), options.outputs, 3));
}

at::Tensor UnetAdapter::forward(const std::vector<at::Tensor>& maps, const at::Tensor& image, at::Generator generator) {
  std::vector<at::Tensor> levels;
  for (std::size_t level = 0; level < rescale_->size(); ++level) {
    levels.push_back((*rescale_)[level].forward(maps[maps.size() == 1 ? 0 : level]));
  }
  at::Tensor x = levels.back();
  for (std::size_t i = 0; i < steps_->size(); ++i) {
    const bool last = i + 1 == steps_->size();
    at::Tensor skip;
    if (!last) skip = levels[levels.size() - 2 - i];
    if (last && image_) skip = image_->forward(image);
    if (skip.defined()) {
      x = at::cat({resized_nearest(x, skip.size(2), skip.size(3)), skip}, 1);
    } else {
      x = resized_nearest(x, 2 * x.size(2), 2 * x.size(3));
    }
    x = (*steps_)[i].forward(x);
  }
  return resized(classifier_->forward(drop_channels(x, dropout_, generator)), image.size(2), image.size(3));
}

}  // namespace vaso::model
