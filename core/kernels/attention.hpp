// Attention on a CPU without copies: every head of every image reads queries, keys and values where the qkv layer left
// them, and writes where the next layer reads. The T×T weights live in a core's cache, a block of rows at a time, and
// are made again in the backward pass from one number a row.
// Source of the idea: Dao et al., "FlashAttention", NeurIPS 2022 (arXiv 2205.14135). The products are BLAS's.
#pragma once

#include "kernels/bfloat16.hpp"
#include "kernels/blas.hpp"

#include <cstdint>

namespace vaso::kernels {

struct AttentionShape {
  std::int64_t batch, tokens, heads, width;  // width of one head
};

// qkv: batch×tokens×3×heads×width → out: batch×tokens×heads×width, softmax(q kᵀ/√width) v.
// log_sums: batch×heads×tokens, the logarithm of each softmax's denominator, which the backward pass needs.
// The result does not depend on the number of threads. bf16 is widened a head at a time, and computed with in float32.
void attention_forward(Sgemm sgemm, const AttentionShape& shape, const float* qkv, float* out, float* log_sums);
void attention_forward(Sgemm sgemm, const AttentionShape& shape, const Bfloat16* qkv, Bfloat16* out, float* log_sums);

// The gradient of qkv, from what the forward pass read and wrote and the gradient of `out`.
void attention_backward(Sgemm sgemm, const AttentionShape& shape, const float* qkv, const float* out,
                        const float* log_sums, const float* out_gradient, float* qkv_gradient);
void attention_backward(Sgemm sgemm, const AttentionShape& shape, const Bfloat16* qkv, const Bfloat16* out,
                        const float* log_sums, const Bfloat16* out_gradient, Bfloat16* qkv_gradient);

}  // namespace vaso::kernels
