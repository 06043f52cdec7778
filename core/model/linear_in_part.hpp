// Linear layers in a part of a batch (image_parts.hpp), whose weight's gradient is put by (weight_gradients.hpp).
#pragma once

#include <ATen/core/Tensor.h>

namespace vaso::model {

// Within a part, where the weight's gradient is asked for, of one type with x and without autocast.
bool puts_gradient_by(const at::Tensor& x, const at::Tensor& weight);

// x·weightᵀ + bias and its gradients as at::linear has them. Without a bias where it is undefined. Only where
// puts_gradient_by().
at::Tensor linear_in_part(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace vaso::model
