// Relative positions as BEiT and SimMIM have them: a learnt number for each head and each difference of places is added
// to the attention.
// Source: Bao et al., "BEiT", ICLR 2022 (microsoft/unilm, beit/modeling_finetune.py: RelativePositionBias);
// microsoft/SimMIM, models/vision_transformer.py.
#pragma once

#include <ATen/core/Tensor.h>

namespace vaso::model {

// table: ((2g−1)²+3)×heads; the last three rows are for class token to patch, patch to class token, and class token to
// itself → 1×heads×(1+g²)×(1+g²), to be added to the logits. Entry (i, j) of patches is row
// (yᵢ−yⱼ+g−1)·(2g−1) + xᵢ−xⱼ+g−1.
at::Tensor relative_bias(const at::Tensor& table, std::int64_t grid);

}  // namespace vaso::model
