// MAE's decoder with the released names: decoder_embed, mask_token, decoder_pos_embed, decoder_blocks.N.*, decoder_norm, decoder_pred.
#pragma once

#include "model/vit.hpp"

namespace vaso::model {

struct DecoderShape {
  std::int64_t encoder_dim = 768, grid = 14, patch_values = 768;
  std::int64_t dim = 512, depth = 8, heads = 16;
  double mlp_ratio = 4.0, norm_eps = 1e-6;
};

class MaeDecoder : public torch::nn::Module {
 public:
  explicit MaeDecoder(const DecoderShape& shape);
  // Latent tokens B×(1+K)×D of the kept tokens and the plan → decoder tokens with mask tokens and positions in raster
  // order: B×(1+L')×d, L' = tokens not dropped. Positions are added to cls too (its row is zero).
  at::Tensor embed(const at::Tensor& latent, const MaskPlan& plan);
  // Through the blocks: B×L'×P, cls removed.
  at::Tensor predict(const at::Tensor& decoder_tokens);
};

}  // namespace vaso::model
