// Linear layers under autocast to bf16: on a GPU their backward passes sum a bias's gradient at the memory's rate, on a
// CPU they have a GELU of our own and, where the CPU only emulates bf16, products that are not slow
// (emulated_bf16.hpp).
#pragma once

#include <ATen/core/Tensor.h>

namespace vaso::model {

// Under autocast to bf16, on a GPU where gradients are asked for: x of any shape whose last dimension is the weight's
// second.
bool can_multiply_half(const at::Tensor& x, const at::Tensor& weight);

// x·weightᵀ + bias, bf16; products and their gradients as at::linear has them under autocast, the bias's gradient
// summed in float32. Without a bias where it is undefined. Only where can_multiply_half().
at::Tensor half_linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

// That, or linear_in_part() (linear_in_part.hpp), or at::linear.
at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

// Two such layers with GELU (erf) between them, the second without a bias. Only where can_multiply_half() of both
// weights.
at::Tensor half_mlp(const at::Tensor& x, const at::Tensor& weight1, const at::Tensor& bias1, const at::Tensor& weight2);

}  // namespace vaso::model
