#include "model/conv_blocks.hpp"

#include "model/gelu.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace vaso::model {

namespace {

at::Tensor at_least_float(const at::Tensor& map) { return map.to(at::promote_types(map.scalar_type(), at::kFloat)); }

}  // namespace

ConvNorm::ConvNorm(std::int64_t in, std::int64_t out, std::int64_t kernel, const std::string& norm,
                   Activation activation)
    : activation_(activation),
      conv_(register_module("conv", std::make_shared<Conv2d>(in, out, kernel, /*stride=*/1, /*groups=*/1,
                                                             /*bias=*/false))),
      norm_(register_module("norm", norm_2d(norm, out))) {}

at::Tensor ConvNorm::forward(const at::Tensor& x) {
  const at::Tensor y = norm_->forward(conv_->forward(x));
  switch (activation_) {
    case Activation::relu:
      return at::relu(y);
    case Activation::gelu:
      return model::gelu(y);
    case Activation::none:
      break;
  }
  return y;
}

DoubleConv::DoubleConv(std::int64_t in, std::int64_t out, const std::string& norm)
    : first_(register_module("0", std::make_shared<ConvNorm>(in, out, 3, norm))),
      second_(register_module("1", std::make_shared<ConvNorm>(out, out, 3, norm))) {}

at::Tensor DoubleConv::forward(const at::Tensor& x) { return second_->forward(first_->forward(x)); }

Rescale::Rescale(std::int64_t in, std::int64_t out, std::int64_t twice, const std::string& norm) : twice_(twice) {
  if (twice <= 0) {
    project_ = register_module("project", std::make_shared<Conv2d>(in, out, 1));
    return;
  }
  up_ = register_module("up", std::make_shared<Sequence<ConvTranspose2d>>());
  norms_ = register_module("norms", std::make_shared<Sequence<Norm2d>>());
  for (std::int64_t width = in, i = 0; i < twice; ++i) {
    const std::int64_t next = i + 1 == twice ? out : std::max<std::int64_t>(width / 2, 1);
    up_->append(std::make_shared<ConvTranspose2d>(width, next, 2));
    if (i + 1 < twice) norms_->append(norm_2d(norm, next));
    width = next;
  }
}

at::Tensor Rescale::forward(const at::Tensor& x) {
  at::Tensor map = x;
  for (std::int64_t i = 0; i > twice_; --i) {
    map = at::max_pool2d(map, {2, 2}, {2, 2}, /*padding=*/{0, 0}, /*dilation=*/{1, 1}, /*ceil_mode=*/true);
  }
  if (project_) return project_->forward(map);
  for (std::size_t i = 0; i < up_->size(); ++i) {
    map = (*up_)[i].forward(map);
    if (i < norms_->size()) map = model::gelu((*norms_)[i].forward(map));
  }
  return map;
}

at::Tensor resized(const at::Tensor& map, std::int64_t rows, std::int64_t columns) {
  if (map.size(2) == rows && map.size(3) == columns) return map;
  return at::upsample_bilinear2d(at_least_float(map), {rows, columns}, /*align_corners=*/false);
}

at::Tensor resized_nearest(const at::Tensor& map, std::int64_t rows, std::int64_t columns) {
  if (map.size(2) == rows && map.size(3) == columns) return map;
  return at::upsample_nearest2d(at_least_float(map), {rows, columns});
}

at::Tensor drop_channels(const at::Tensor& map, double rate, at::Generator generator) {
  if (rate == 0 || !generator.defined()) return map;
  const at::Tensor kept = at::empty({map.size(0), map.size(1), 1, 1}, map.options().device(generator.device()))
                              .bernoulli_(1.0 - rate, generator)
                              .to(map.device());
  return map * (kept / (1.0 - rate));
}

}  // namespace vaso::model
