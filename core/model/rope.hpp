// Rotary positions of patch tokens as DINOv3 has them: queries and keys are turned by angles that grow with the place
// of the patch, so that attention sees differences of places. Leading tokens (class token, registers) are not turned.
// Source: Siméoni et al., "DINOv3", arXiv 2508.10104 (facebookresearch/dinov3, dinov3/layers/rope_position_encoding.py,
// attention.py); Su et al., "RoFormer", arXiv 2104.09864.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

namespace vaso::model {

// Cosines and sines of the K patch tokens' angles: 1×1×K×d or, where each image keeps patches of its own, B×1×K×d.
struct Rotation {
  at::Tensor cos, sin;
};

// x: B×heads×T×d, the patches last → the same with its last K tokens turned: x·cos + (−x₂, x₁)·sin on halves of d.
at::Tensor rotate(const at::Tensor& x, const Rotation& by);

// Holds `periods` (d/4, as "rope_embed.periods") in the state: released models stored them rounded to bfloat16, and
// give what they gave only with those. Patches lie at ((i + ½)/g)·2 − 1 along either axis; a period divides 2π·place.
// The random shifts and scales of DINOv3's training are not made here.
class RotaryPositions : public torch::nn::Module {
 public:
  // head_dim: d, a multiple of 4; throws std::invalid_argument otherwise.
  explicit RotaryPositions(std::int64_t head_dim);
  // grid: patches along a side. keep: B×K raster indices, undefined = all.
  Rotation rotation(std::int64_t grid, const at::Tensor& keep) const;

 private:
  at::Tensor periods_;
};

// 100^(2k/(d/2)), k = 0 … d/4 − 1: what DINOv3 computes where a file holds none.
at::Tensor rotary_periods(std::int64_t head_dim);

}  // namespace vaso::model
