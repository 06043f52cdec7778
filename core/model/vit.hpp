// Vision transformer encoder with the released names: cls_token, pos_embed, patch_embed.proj, blocks.N.*, norm; and
// register_tokens, rope_embed.periods where there are such.
// Sources: Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021; He et al., "Masked autoencoders are scalable
// vision learners", CVPR 2022 (fixed positions, encoder on the kept tokens only).
#pragma once

#include "model/blocks.hpp"
#include "sdk/step.hpp"

#include <torch/nn/module.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vaso::model {

// How an encoder knows where a patch is.
enum class Positions {
  table,          // `pos_embed` is added to the tokens (ViT, MAE, DINO)
  rotary,         // queries and keys are turned by the place (DINOv3): rope.hpp
  relative_bias,  // a bias by the difference of places (SimMIM, BEiT): relative_bias.hpp
  none,           // not at all, or by VitShape::relative_positions alone (LVM-Med)
};

struct VitShape {
  std::int64_t image_size = 224, patch_size = 16, dim = 768, depth = 12, heads = 12;
  double mlp_ratio = 4.0;
  double norm_eps = 1e-6;

  // What encoders of others have; the defaults are MAE's. LayerScale is none of it: importing multiplies it into the
  // weights, which is exact.
  Positions positions = Positions::table;
  std::int64_t registers = 0;  // learnt tokens after the class token that are no patches (DINOv2 and 3)
  bool class_token = true;     // I-JEPA and CheXWorld have none
  bool final_norm = true;      // SAM and LVM-Med have none

  // What fine-tuning may add; the defaults are the encoder of pre-training.
  std::int64_t window = 0;  // blocks attend within windows of so many tokens a side; 0 = everywhere
  std::vector<std::int64_t>
      global_blocks;                 // with `window`: blocks (from 0) that attend everywhere; ViTDet: 2, 5, 8, 11
  bool relative_positions = false;   // decomposed relative positions in every block (ViTDet, SAM)
  bool trainable_positions = false;  // pos_embed asks for gradient
  double drop_path = 0;              // stochastic depth: 0 at the first block, linearly to this at the last

  std::int64_t grid() const { return image_size / patch_size; }
  // With windows or relative positions the tokens are a raster and nothing else: a class token or a register has no
  // place in a window and no distance to a patch. Then there are none, as in ViTDet: neither `cls_token` nor its row of
  // `pos_embed` nor `register_tokens`.
  bool raster_only() const { return window > 0 || relative_positions; }
  std::int64_t class_tokens() const { return class_token && !raster_only() ? 1 : 0; }
  std::int64_t prefix() const { return class_tokens() + (raster_only() ? 0 : registers); }  // tokens before the patches
};
// Throws std::invalid_argument where sizes and options do not go together.
void check(const VitShape& shape);
// vit_ti, vit_s, vit_b, vit_l, vit_h at 224/16. Throws std::invalid_argument listing these for any other name.
VitShape vit_shape(const std::string& name);

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
  // Square images of the size it was built for. Tokens: class token, registers, patches. With windows, relative
  // positions or a relative bias all must be kept, for they are a raster then. `attention` needs a last block that
  // attends everywhere.
  EncodeResult encode(const EncodeRequest& request) override;
  // What stochastic depth draws from. In training mode with drop_path > 0, encode() throws std::logic_error without.
  void set_generator(at::Generator generator) { generator_ = std::move(generator); }
  const VitShape& shape() const { return shape_; }

 private:
  // The tokens before the patches, and the patches: B×(prefix+K)×D.
  at::Tensor with_prefix(const at::Tensor& patches) const;

  VitShape shape_;
  at::Generator generator_;
  at::Tensor cls_token_, register_tokens_, pos_embed_;
  std::shared_ptr<RotaryPositions> rope_embed_;
  std::shared_ptr<PatchEmbed> patch_embed_;
  std::shared_ptr<Blocks> blocks_;
  std::shared_ptr<LayerNorm> norm_;  // null without a final norm
};

// 1×(1+g²)×D sine-cosine table; row 0 (cls) is zero. Computed in float64. D must be a multiple of 4.
at::Tensor sincos_positions(std::int64_t dim, std::int64_t grid);

// Rows `index` (B×K int64) of each sample's tokens (B×L×D, or 1×L×D for all samples alike): B×K×D.
at::Tensor gather_tokens(const at::Tensor& tokens, const at::Tensor& index);

// MAE initialisation of every trainable parameter below `module`, each from its own stream keyed by (seed, prefix +
// name), so that the values depend neither on the order of registration nor on what else is in the network. Linear
// xavier-uniform and bias 0, LayerNorm 1 and 0, patch kernel xavier-uniform on the flattened view; cls, register and
// mask tokens N(0,.02). Position tables stay what they are, trained or not: sine-cosine, and zero where they are
// relative. Frozen parameters are left alone. The global generator is not touched.
void initialise(torch::nn::Module& module, std::uint64_t seed, const std::string& prefix = "");

}  // namespace vaso::model
