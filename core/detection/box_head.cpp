#include "detection/box_head.hpp"

#include <ATen/ATen.h>

namespace vaso::detection {

BoxHead::BoxHead(const BoxHeadOptions& options) : classes_(options.classes) {
  convs_ = register_module("convs", std::make_shared<model::Sequence<model::ConvNorm>>(
                                        options.convolutions, options.channels, options.channels, 3, options.norm));
  fully_connected_ = register_module("fc", std::make_shared<model::Sequence<model::Linear>>());
  fully_connected_->append(
      std::make_shared<model::Linear>(options.channels * options.bins * options.bins, options.width));
  if (options.convolutions == 0)
    fully_connected_->append(std::make_shared<model::Linear>(options.width, options.width));
  class_ = register_module("class", std::make_shared<model::Linear>(options.width, options.classes + 1));
  box_ = register_module("box", std::make_shared<model::Linear>(options.width, options.classes * 4));
}

std::pair<at::Tensor, at::Tensor> BoxHead::forward(const at::Tensor& regions) {
  at::Tensor x = regions;
  for (std::size_t i = 0; i < convs_->size(); ++i) x = (*convs_)[i].forward(x);
  x = x.flatten(1);
  for (std::size_t i = 0; i < fully_connected_->size(); ++i) x = at::relu((*fully_connected_)[i].forward(x));
  const auto full_precision = [](const at::Tensor& y) { return y.scalar_type() == at::kDouble ? y : y.to(at::kFloat); };
  return {full_precision(class_->forward(x)), full_precision(box_->forward(x)).view({-1, classes_, 4})};
}

}  // namespace vaso::detection
