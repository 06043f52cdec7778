// A residual sum and the layer norm after it in one pass over memory (kernels/add_norm.hpp), with gradients.
#pragma once

#include "model/layers.hpp"

namespace vaso::model {

// Under autocast to bf16: x float32, or bf16 with its low part; branch (if defined) bf16 and of the same shape; on a
// GPU rows that the kernels take.
bool can_add_norm(const Residual& in);

// The sum in two parts, and its norm, all bf16. Only where can_add_norm().
SumAndNorm add_norm(const Residual& in, const at::Tensor& weight, const at::Tensor& bias, double eps);

}  // namespace vaso::model
