// Attention on a GPU without copies: every head of every image reads queries, keys and values where the qkv layer left
// them, and its gradient is written where that layer's backward pass reads. A head's tokens fit in the fast memory of
// one multiprocessor (up to 384 of width 64), so nothing T×T ever reaches the GPU's memory, and no sum has an
// order that differs between runs.
// Source of the idea: Dao et al., "FlashAttention", NeurIPS 2022 (arXiv 2205.14135), here for short sequences.
#pragma once

#include "cuda/device.hpp"

#include <cstdint>

namespace vaso::cuda {

struct HeadShape {
  std::int64_t batch = 0, tokens = 0, heads = 0, width = 0;  // width of one head
};

// Whether the kernels here take that shape: a width of 32 or 64 and tokens that fit, on a GPU that multiplies bf16.
bool can_attend(const HeadShape& shape);

// All in bf16, sums in float32: qkv: batch×tokens×3×heads×width → out: batch×tokens×heads×width, softmax(q kᵀ/√width)
// v. log_sums: batch×heads×tokens float32, the logarithm of each softmax's denominator, which the backward pass needs.
// All pointers are of the GPU, 16-byte aligned; returns while it still works. Throws CudaError.
void attend(const HeadShape& shape, const void* qkv, void* out, float* log_sums, Stream stream);

// The gradient of qkv, from what attend() read and wrote and the gradient of `out`.
void attend_backward(const HeadShape& shape, const void* qkv, const void* out, const float* log_sums,
                     const void* out_gradient, void* qkv_gradient, Stream stream);

}  // namespace vaso::cuda
