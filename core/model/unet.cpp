#include "model/unet.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

namespace vaso::model {

Unet::Unet(const UnetOptions& options) : dropout_(options.dropout) {
  const auto width = [&](std::int64_t level) { return options.channels << level; };
  down_ = register_module("down", std::make_shared<Sequence<DoubleConv>>());
  for (std::int64_t level = 0; level <= kSteps; ++level) {
    down_->append(std::make_shared<DoubleConv>(level == 0 ? 3 : width(level - 1), width(level), options.norm));
  }
  if (options.bilinear) {
    narrow_ = register_module("narrow", std::make_shared<Sequence<Conv2d>>());
  } else {
    up_ = register_module("up", std::make_shared<Sequence<ConvTranspose2d>>());
  }
  merge_ = register_module("merge", std::make_shared<Sequence<DoubleConv>>());
  for (std::int64_t level = kSteps - 1; level >= 0; --level) {
    if (options.bilinear) {
      narrow_->append(std::make_shared<Conv2d>(width(level + 1), width(level), 1));
    } else {
      up_->append(std::make_shared<ConvTranspose2d>(width(level + 1), width(level), 2));
    }
    merge_->append(std::make_shared<DoubleConv>(2 * width(level), width(level), options.norm));
  }
  classifier_ = register_module("classifier", std::make_shared<Conv2d>(width(0), options.outputs, 1));
}

at::Tensor Unet::forward(const std::vector<at::Tensor>&, const at::Tensor& image, at::Generator generator) {
  constexpr std::int64_t kMultiple = std::int64_t{1} << kSteps;
  if (image.size(2) % kMultiple != 0 || image.size(3) % kMultiple != 0) {
    throw std::invalid_argument(fmt::format("the U-Net halves its input {} times: {}×{} pixels are no multiples of {}",
                                            kSteps, image.size(2), image.size(3), kMultiple));
  }
  std::vector<at::Tensor> skips;
  at::Tensor x = (*down_)[0].forward(image);
  for (std::size_t level = 1; level < down_->size(); ++level) {
    skips.push_back(x);
    x = (*down_)[level].forward(at::max_pool2d(x, {2, 2}));
  }
  for (std::size_t i = 0; i < merge_->size(); ++i) {
    const at::Tensor& skip = skips[skips.size() - 1 - i];
    // The 1×1 convolution commutes with the interpolation; before it, it costs a quarter.
    const at::Tensor up = up_ ? (*up_)[i].forward(x) : resized((*narrow_)[i].forward(x), skip.size(2), skip.size(3));
    x = (*merge_)[i].forward(at::cat({skip, up}, 1));
  }
  return classifier_->forward(drop_channels(x, dropout_, generator));
}

}  // namespace vaso::model
