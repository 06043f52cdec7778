// The stages of UNeXt with frozen weights, each as one or two passes over memory (cuda/convolution.hpp),
// with the gradient of their input. In float32, whatever autocast says; the one convolution that is LibTorch's on a GPU
// takes TF32 where that is allowed. On a CPU their twins compute the same, slowly: they are there to be tested.
#pragma once

#include <ATen/core/Tensor.h>

namespace vaso::model {

// A 3×3 convolution and the batch norm in evaluation mode after it: scale·(x ∗ weight) + shift.
struct FrozenConvolution {
  // weight: O×I×3×3 float32; scale, shift: O. None asks for a gradient.
  FrozenConvolution(const at::Tensor& weight, const at::Tensor& scale, const at::Tensor& shift);
  FrozenConvolution() = default;
  std::int64_t in = 0, out = 0;
  at::Tensor forward, backward;  // weights as cuda::Convolution has them: as they are, and for the gradient of x
  at::Tensor scale, shift;
  at::Tensor scaled;  // scale·weight, as LibTorch takes it: where there are many channels, its convolution is faster
};

// x: B×I×H×W, H and W even → relu(max_pool2d(convolution, 2)): B×O×H/2×W/2.
at::Tensor convolve_and_pool(const at::Tensor& x, const FrozenConvolution& convolution);

// x: B×I×H×W → relu(upsample_bilinear2d(convolution, ×2)) + skip, skip: B×O×2H×2W.
at::Tensor convolve_enlarge_and_add(const at::Tensor& x, const FrozenConvolution& convolution, const at::Tensor& skip);

// → bias + Σ over channels of weight·relu(upsample_bilinear2d(convolution, ×2)): B×1×2H×2W. weight: O values; bias: 1.
at::Tensor convolve_enlarge_and_project(const at::Tensor& x, const FrozenConvolution& convolution,
                                        const at::Tensor& weight, const at::Tensor& bias);

// Layer norm over the last dimension, of a length that cuda::is_row_length() knows, with frozen scales and shifts.
at::Tensor norm_rows(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, double eps);

// x: B×H×W×C. Five groups of channels, as torch.chunk cuts them, move along H by −2 to 2; zeros come in.
at::Tensor shift_rows(const at::Tensor& x);

// x: B×H×W×C → gelu(depth-wise 3×3 convolution), whose groups of channels then move along W. weight: C×1×3×3; bias: C.
at::Tensor convolve_and_shift(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias);

}  // namespace vaso::model
