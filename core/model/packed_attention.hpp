// Attention over the output of a qkv layer as it lies in memory.
#pragma once

#include <ATen/core/Tensor.h>

namespace vaso::model {

// Whether packed_attention takes it: contiguous; on a CPU float32 or bf16, where LibTorch has no fused attention of its
// own and lets its BLAS be called (kernels/attention.hpp); on a GPU bf16 and a shape of cuda/attention.hpp's; not while
// TorchScript is recorded.
bool can_attend_packed(const at::Tensor& qkv, std::int64_t heads);

// softmax(q kᵀ/√d) v for every head. qkv: B×T×3·D, D = heads·d → B×T×D. Differentiable, once.
at::Tensor packed_attention(const at::Tensor& qkv, std::int64_t heads);

}  // namespace vaso::model
