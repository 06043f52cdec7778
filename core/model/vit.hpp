// Vision transformer encoder with the released names: cls_token, pos_embed, patch_embed.proj, blocks.N.*, norm.
#pragma once

#include "sdk/step.hpp"

#include <torch/nn/module.h>

#include <memory>
#include <vector>

namespace vaso::model {

struct VitShape {
  std::int64_t image_size = 224, patch_size = 16, dim = 768, depth = 12, heads = 12;
  double mlp_ratio = 4.0;
  double norm_eps = 1e-6;
};
VitShape vit_shape(const std::string& name);  // vit_ti, vit_s, vit_b, vit_l, vit_h at 224/16

// Pre-norm transformer block (timm's Block): x + attn(norm1 x), x + mlp(norm2 x); qkv with bias, GELU (erf).
class Block : public torch::nn::Module {
 public:
  Block(std::int64_t dim, std::int64_t heads, double mlp_ratio, double norm_eps);
  // x: B×T×D. attention: where not null, receives B×heads×T×T.
  at::Tensor forward(const at::Tensor& x, at::Tensor* attention = nullptr);
};

class Vit : public torch::nn::Module, public Encoder {
 public:
  explicit Vit(const VitShape& shape);
  EncodeResult encode(const EncodeRequest& request) override;
  const VitShape& shape() const { return shape_; }

 private:
  VitShape shape_;
};

// 1×(1+g²)×D sine-cosine table; row 0 (cls) is zero. Computed in float64.
at::Tensor sincos_positions(std::int64_t dim, std::int64_t grid);

// Our GELU (erf): contiguous gradients, because LibTorch 1.13's oneDNN backward reads garbage otherwise.
at::Tensor gelu(const at::Tensor& x);

// MAE initialisation of every parameter below `module`, each from its own stream keyed by (seed, full name): Linear
// xavier-uniform and bias 0, LayerNorm 1 and 0, patch kernel xavier-uniform on the flattened view, cls and mask tokens N(0,.02).
// Position tables are left alone.
void initialise(torch::nn::Module& module, std::uint64_t seed, const std::string& prefix = "");

}  // namespace vaso::model
