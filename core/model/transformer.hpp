// The transformer block of the vision transformers here, with what fine-tuning and encoders of others add to it:
// attention within windows, relative positions, rotary positions, stochastic depth.
// Sources: Dosovitskiy et al., "An image is worth 16x16 words", ICLR 2021 (timm's Block); Li et al., "Exploring plain
// vision transformer backbones for object detection", ECCV 2022 (facebookresearch/detectron2,
// detectron2/modeling/backbone/{vit,utils}.py); Huang et al., "Deep networks with stochastic depth", ECCV 2016.
#pragma once

#include "model/layers.hpp"
#include "model/rope.hpp"

#include <ATen/core/Generator.h>

namespace vaso::model {

class Attention : public torch::nn::Module {
 public:
  // side > 0: the tokens are a raster of side×side, and decomposed relative positions are added to the attention
  // (tables rel_pos_h and rel_pos_w, (2·side−1)×(dim/heads), zero at first).
  Attention(std::int64_t dim, std::int64_t heads, std::int64_t side = 0);
  // A learnt bias for each head and difference of places instead (relative_bias.hpp): of a class token and side×side
  // patches, in `relative_position_bias_table`, zero at first.
  void add_relative_bias(std::int64_t side);
  // x: B×T×D. attention: where not null, receives the softmaxed weights, B×heads×T×T. rotation: where not null, queries
  // and keys are turned by it.
  Branch forward(const at::Tensor& x, at::Tensor* attention = nullptr, const Rotation* rotation = nullptr);

 private:
  at::Tensor relative_logits(const at::Tensor& q) const;
  std::int64_t heads_, side_;
  std::shared_ptr<Linear> qkv_, proj_;
  at::Tensor rel_pos_h_, rel_pos_w_, bias_table_;
};

class Mlp : public torch::nn::Module {
 public:
  Mlp(std::int64_t dim, std::int64_t hidden);
  Branch forward(const at::Tensor& x);

 private:
  std::shared_ptr<Linear> fc1_, fc2_;
};

struct BlockOptions {
  std::int64_t grid = 0;            // the tokens are a raster of grid×grid, nothing before it; needed by the next two
  std::int64_t window = 0;          // side of the windows that attention stays within; 0 = everywhere
  bool relative_positions = false;  // of the window, or of the grid
  bool relative_bias = false;       // a class token before the raster, and a bias by difference of places
  double drop_path = 0;             // chance to skip a branch, for each image, in training mode
};

// Pre-norm transformer block (timm's Block): x + attn(norm1 x), x + mlp(norm2 x); qkv with bias, GELU (erf).
class Block : public torch::nn::Module {
 public:
  Block(std::int64_t dim, std::int64_t heads, double mlp_ratio, double norm_eps, const BlockOptions& options = {});
  // x: B×T×D. attention: where not null, receives B×heads×T×T; throws std::invalid_argument with windows, which have no
  // such map. generator: what stochastic depth draws from; throws std::logic_error where it needs one and has none.
  // rotation: as Attention takes it; not with windows. Under a Recomputation (recompute.hpp) only x is kept for the
  // backward pass, which this block must outlive then.
  at::Tensor forward(const at::Tensor& x, at::Tensor* attention = nullptr, at::Generator generator = {},
                     const Rotation* rotation = nullptr);
  // The same between blocks that follow each other.
  Residual pass(const Residual& in, at::Tensor* attention = nullptr, at::Generator generator = {},
                const Rotation* rotation = nullptr);
  // Whether stochastic depth draws at random now.
  bool draws() const { return is_training() && options_.drop_path > 0; }

 private:
  Residual branches(const Residual& in, at::Tensor* attention, at::Generator& generator, const Rotation* rotation);
  Branch attend(const at::Tensor& x, at::Tensor* attention, const Rotation* rotation);
  // The branch, for each image at its full depth or not at all, scaled so that its mean stays.
  Branch drop(const Branch& branch, at::Generator& generator) const;
  BlockOptions options_;
  std::shared_ptr<LayerNorm> norm1_, norm2_;
  std::shared_ptr<Attention> attn_;
  std::shared_ptr<Mlp> mlp_;
};

// B×g²×D tokens to (B·n²)×w²×D windows in raster order, n = ⌈g/w⌉; zeros fill the last row and column of windows.
at::Tensor to_windows(const at::Tensor& tokens, std::int64_t grid, std::int64_t window);
// And back to B×g²×D, the filling removed.
at::Tensor from_windows(const at::Tensor& windows, std::int64_t grid, std::int64_t window);

}  // namespace vaso::model
