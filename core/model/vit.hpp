// Vision transformer encoder with the released names: cls_token, pos_embed, patch_embed.proj, blocks.N.*, norm.
// Sources: Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021; He et al., "Masked autoencoders are scalable
// vision learners", CVPR 2022 (fixed positions, encoder on the kept tokens only).
#pragma once

#include "model/layers.hpp"
#include "sdk/step.hpp"

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <vector>

namespace vaso::model {

struct VitShape {
  std::int64_t image_size = 224, patch_size = 16, dim = 768, depth = 12, heads = 12;
  double mlp_ratio = 4.0;
  double norm_eps = 1e-6;

  std::int64_t grid() const { return image_size / patch_size; }
};
// vit_ti, vit_s, vit_b, vit_l, vit_h at 224/16. Throws std::invalid_argument listing these for any other name.
VitShape vit_shape(const std::string& name);

class Attention : public torch::nn::Module {
 public:
  Attention(std::int64_t dim, std::int64_t heads);
  // x: B×T×D. attention: where not null, receives the softmaxed weights, B×heads×T×T.
  at::Tensor forward(const at::Tensor& x, at::Tensor* attention = nullptr);

 private:
  std::int64_t heads_;
  std::shared_ptr<Linear> qkv_, proj_;
};

class Mlp : public torch::nn::Module {
 public:
  Mlp(std::int64_t dim, std::int64_t hidden);
  at::Tensor forward(const at::Tensor& x);

 private:
  std::shared_ptr<Linear> fc1_, fc2_;
};

// Pre-norm transformer block (timm's Block): x + attn(norm1 x), x + mlp(norm2 x); qkv with bias, GELU (erf).
class Block : public torch::nn::Module {
 public:
  Block(std::int64_t dim, std::int64_t heads, double mlp_ratio, double norm_eps);
  // x: B×T×D. attention: where not null, receives B×heads×T×T.
  at::Tensor forward(const at::Tensor& x, at::Tensor* attention = nullptr);

 private:
  std::shared_ptr<LayerNorm> norm1_, norm2_;
  std::shared_ptr<Attention> attn_;
  std::shared_ptr<Mlp> mlp_;
};

// The patch embedding: a convolution with stride = kernel, stored as one (weight D×3×p×p) and computed as a matrix
// product over patches. So hidden patches are never embedded.
class PatchProjection : public torch::nn::Module {
 public:
  PatchProjection(std::int64_t patch_size, std::int64_t dim);
  // patches: B×K×3p², values in (channel, row, column) order → B×K×D.
  at::Tensor forward(const at::Tensor& patches) const;

 private:
  at::Tensor weight_, bias_;
};

// Holds the projection under its released name, "patch_embed.proj".
class PatchEmbed : public torch::nn::Module {
 public:
  PatchEmbed(std::int64_t patch_size, std::int64_t dim);
  // image: B×3×H×W. keep: B×K raster indices, undefined = all → B×K×D.
  at::Tensor forward(const at::Tensor& image, const at::Tensor& keep);

 private:
  std::int64_t patch_size_;
  std::shared_ptr<PatchProjection> proj_;
};

class Vit : public torch::nn::Module, public Encoder {
 public:
  // Throws std::invalid_argument where the sizes do not go together.
  explicit Vit(const VitShape& shape);
  EncodeResult encode(const EncodeRequest& request) override;
  const VitShape& shape() const { return shape_; }

 private:
  VitShape shape_;
  at::Tensor cls_token_, pos_embed_;
  std::shared_ptr<PatchEmbed> patch_embed_;
  std::shared_ptr<Sequence<Block>> blocks_;
  std::shared_ptr<LayerNorm> norm_;
};

// 1×(1+g²)×D sine-cosine table; row 0 (cls) is zero. Computed in float64. D must be a multiple of 4.
at::Tensor sincos_positions(std::int64_t dim, std::int64_t grid);

// Rows `index` (B×K int64) of each sample's tokens (B×L×D, or 1×L×D for all samples alike): B×K×D.
at::Tensor gather_tokens(const at::Tensor& tokens, const at::Tensor& index);

// MAE initialisation of every trainable parameter below `module`, each from its own stream keyed by (seed, prefix +
// name), so that the values depend neither on the order of registration nor on what else is in the network. Linear
// xavier-uniform and bias 0, LayerNorm 1 and 0, patch kernel xavier-uniform on the flattened view, cls and mask tokens
// N(0,.02). Frozen parameters (position tables) are left alone. The global generator is not touched.
void initialise(torch::nn::Module& module, std::uint64_t seed, const std::string& prefix = "");

}  // namespace vaso::model
