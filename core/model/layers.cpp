#include "model/layers.hpp"

#include "cuda/convolution.hpp"
#include "cuda/device.hpp"
#include "model/add_norm.hpp"
#include "model/emulated_bf16.hpp"
#include "model/frozen_stages.hpp"
#include "model/half_linear.hpp"

#include <ATen/ATen.h>
#include <ATen/TracerMode.h>
#include <fmt/format.h>

#include <numeric>
#include <stdexcept>

namespace vaso::model {

namespace {

constexpr double batch_norm_eps = 1e-5;

}  // namespace

Linear::Linear(std::int64_t in, std::int64_t out)
    : weight_(register_parameter("weight", at::zeros({out, in}))),
      bias_(register_parameter("bias", at::zeros({out}))) {}

at::Tensor Linear::forward(const at::Tensor& x) const {
  const at::Tensor y = model::linear(x, weight_, bias_);
  return lora_a_.defined() ? y + low_rank_scale_ * model::linear(model::linear(x, lora_a_, {}), lora_b_, {}) : y;
}

Branch Linear::branch(const at::Tensor& x) const {
  if (!plain() || !can_multiply_half(x, weight_)) return {forward(x), {}};
  return {half_linear(x, weight_, {}), bias_};
}

void Linear::add_low_rank(std::int64_t rank, double scale) {
  if (lora_a_.defined()) throw std::logic_error("this layer has a low-rank part already");
  weight_.set_requires_grad(false);
  bias_.set_requires_grad(false);
  lora_a_ = register_parameter("lora_a", at::zeros({rank, weight_.size(1)}, weight_.options()));
  lora_b_ = register_parameter("lora_b", at::zeros({weight_.size(0), rank}, weight_.options()));
  low_rank_scale_ = scale;
}

void Linear::merge_low_rank() {
  if (!lora_a_.defined()) return;
  at::NoGradGuard no_grad;
  weight_.add_(at::matmul(lora_b_, lora_a_), low_rank_scale_);
  for (const char* name : {"lora_a", "lora_b"}) parameters_.erase(name);
  lora_a_ = at::Tensor();
  lora_b_ = at::Tensor();
}

LayerNorm::LayerNorm(std::int64_t dim, double eps)
    : eps_(eps),
      weight_(register_parameter("weight", at::ones({dim}))),
      bias_(register_parameter("bias", at::zeros({dim}))) {}

at::Tensor LayerNorm::forward(const at::Tensor& x) const {
  // LibTorch's kernel for a GPU takes a block of threads for a row, however short.
  const bool frozen = !at::GradMode::is_enabled() || !weight_.requires_grad();
  if (x.is_cuda() && frozen && cuda::is_row_length(weight_.numel()) && weight_.scalar_type() == at::kFloat &&
      cuda::available() && !at::tracer::impl::is_dispatch_enabled())
    return norm_rows(x, weight_, bias_, eps_);
  // After a bf16 product the input is narrower than the weights, which LibTorch 1.13 refuses on a CPU.
  return at::layer_norm(x.to(weight_.scalar_type()), weight_.sizes(), weight_, bias_, eps_);
}

at::Tensor Residual::sum() const {
  const at::Tensor whole = low.defined() ? x.to(at::kFloat) + low : x;
  return branch.value.defined() ? whole + branch.whole() : whole;
}

SumAndNorm LayerNorm::of_sum(const Residual& in) const {
  if (can_add_norm(in)) return add_norm(in, weight_, bias_, eps_);
  const at::Tensor sum = in.sum();
  return {{sum, {}, {}}, forward(sum)};
}

Conv2d::Conv2d(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride, std::int64_t groups,
               bool bias)
    : kernel_(kernel),
      stride_(stride),
      groups_(groups),
      weight_(register_parameter("weight", at::zeros({out, in / groups, kernel, kernel}))) {
  if (bias) bias_ = register_parameter("bias", at::zeros({out}));
}

at::Tensor Conv2d::forward(const at::Tensor& x) const {
  const WithoutEmulation wide(x);
  return at::conv2d(wide.operand(x), weight_, bias_, stride_, kernel_ / 2, /*dilation=*/1, groups_);
}

ConvTranspose2d::ConvTranspose2d(std::int64_t in, std::int64_t out, std::int64_t kernel)
    : kernel_(kernel),
      weight_(register_parameter("weight", at::zeros({in, out, kernel, kernel}))),
      bias_(register_parameter("bias", at::zeros({out}))) {}

at::Tensor ConvTranspose2d::forward(const at::Tensor& x) const {
  const WithoutEmulation wide(x);
  return at::conv_transpose2d(wide.operand(x), weight_, bias_, /*stride=*/kernel_);
}

Norm2d::Norm2d(std::int64_t channels)
    : weight_(register_parameter("weight", at::ones({channels}))),
      bias_(register_parameter("bias", at::zeros({channels}))) {}

BatchNorm2d::BatchNorm2d(std::int64_t channels)
    : Norm2d(channels),
      running_mean_(register_buffer("running_mean", at::zeros({channels}))),
      running_var_(register_buffer("running_var", at::ones({channels}))),
      num_batches_tracked_(register_buffer("num_batches_tracked", at::zeros({}, at::kLong))) {}

at::Tensor BatchNorm2d::forward(const at::Tensor& x) {
  // With one value, LibTorch would divide by n − 1 = 0 and leave NaN in the running variance.
  const bool training = is_training() && x.numel() > x.size(1);
  if (training) num_batches_tracked_ += 1;
  return at::batch_norm(x, weight_, bias_, running_mean_, running_var_, training,
                        /*momentum=*/0.1, batch_norm_eps, /*cudnn_enabled=*/true);
}

std::pair<at::Tensor, at::Tensor> BatchNorm2d::scale_and_shift() const {
  const at::Tensor scale = weight_ * at::rsqrt(running_var_ + batch_norm_eps);
  return {scale, bias_ - running_mean_ * scale};
}

GroupNorm::GroupNorm(std::int64_t groups, std::int64_t channels) : Norm2d(channels), groups_(groups) {
  if (groups <= 0 || channels % groups != 0) {
    throw std::invalid_argument(fmt::format("{} channels cannot be split into {} groups", channels, groups));
  }
}

at::Tensor GroupNorm::forward(const at::Tensor& x) {
  return at::group_norm(x.to(weight_.scalar_type()), groups_, weight_, bias_, /*eps=*/1e-5);
}

LayerNorm2d::LayerNorm2d(std::int64_t channels) : Norm2d(channels) {}

at::Tensor LayerNorm2d::forward(const at::Tensor& x) {
  const at::Tensor pixels = x.to(weight_.scalar_type()).permute({0, 2, 3, 1});
  return at::layer_norm(pixels, weight_.sizes(), weight_, bias_, /*eps=*/1e-6).permute({0, 3, 1, 2});
}

namespace {

std::int64_t group_count(std::int64_t channels) {
  std::int64_t groups = std::gcd<std::int64_t>(32, channels);
  while (groups > 1 && channels / groups < 4) groups /= 2;
  return groups;
}

}  // namespace

std::shared_ptr<Norm2d> norm_2d(const std::string& name, std::int64_t channels) {
  if (name == "bn") return std::make_shared<BatchNorm2d>(channels);
  if (name == "gn") return std::make_shared<GroupNorm>(group_count(channels), channels);
  if (name == "in") return std::make_shared<GroupNorm>(channels, channels);
  if (name == "ln") return std::make_shared<LayerNorm2d>(channels);
  throw std::invalid_argument(fmt::format("no norm \"{}\": use bn, gn, in or ln", name));
}

}  // namespace vaso::model
