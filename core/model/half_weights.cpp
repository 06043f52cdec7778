#include "model/half_weights.hpp"

#include "model/emulated_bf16.hpp"

#include <ATen/ATen.h>

namespace vaso::model {

namespace {

thread_local HalfWeights* used = nullptr;

at::Tensor half(const at::Tensor& weight) {
  const at::NoGradGuard no_gradient;
  const at::Tensor rounded = weight.to(at::kBFloat16);
  return WithoutEmulation(rounded).operand(rounded);
}

}  // namespace

HalfWeights::Use::Use(HalfWeights& weights) { used = &weights; }
HalfWeights::Use::~Use() { used = nullptr; }

at::Tensor HalfWeights::of(const at::Tensor& weight) {
  if (used == nullptr) return half(weight);
  // Another thread that wants the same copy has to wait for it anyway.
  const std::lock_guard lock(used->mutex_);
  Copy& copy = used->copies_[weight.data_ptr()];
  const bool same =
      copy.weight.defined() && copy.weight.sizes() == weight.sizes() && copy.weight.strides() == weight.strides();
  if (!same) copy = {weight, half(weight)};
  return copy.half;
}

}  // namespace vaso::model
