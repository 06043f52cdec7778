// Our GELU (erf): kernels of our own in float32 and bf16 on a CPU (kernels/gelu.hpp) and in bf16 on a GPU
// (cuda/gelu.hpp).
#pragma once

#include <ATen/core/Tensor.h>

namespace vaso::model {

// Any shape and type. Differentiable, once. Call it as model::gelu: an unqualified call is ambiguous with ATen's.
at::Tensor gelu(const at::Tensor& x);

// For layers that have gradients of their own. `hidden` contiguous, on a CPU float32 or bf16, on a GPU bf16 with a
// multiple of 8 values.
at::Tensor gelu_values(const at::Tensor& hidden);

struct GeluGradient {
  at::Tensor hidden;  // as hidden
  at::Tensor sums;    // of that over all rows, float32: the gradient of the bias before it
};
// hidden: rows×columns, and the gradient of its GELU.
GeluGradient gelu_gradient(const at::Tensor& hidden, const at::Tensor& of_active);

}  // namespace vaso::model
