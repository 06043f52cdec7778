// MAE's decoder with the released names: decoder_embed, mask_token, decoder_pos_embed, decoder_blocks.N.*,
// decoder_norm, decoder_pred. Source: He et al., "Masked autoencoders are scalable vision learners", CVPR 2022.
#pragma once

#include "model/vit.hpp"

#include <string_view>

namespace vaso::model {

struct DecoderShape {
  std::int64_t encoder_dim = 768, grid = 14, patch_values = 768;
  std::int64_t dim = 512, depth = 8, heads = 16;
  double mlp_ratio = 4.0, norm_eps = 1e-6;
};

class MaeDecoder : public torch::nn::Module {
 public:
  // Throws std::invalid_argument where the sizes do not go together.
  explicit MaeDecoder(const DecoderShape& shape);
  // Latent tokens B×(1+K)×D of the kept tokens and the plan → decoder tokens with mask tokens and positions in raster
  // order: B×(1+L')×d, L' = tokens not dropped. Positions are added to cls too (its row is zero).
  at::Tensor embed(const at::Tensor& latent, const MaskPlan& plan);
  // Through the blocks: B×L'×P, cls removed.
  at::Tensor predict(const at::Tensor& decoder_tokens);

 private:
  at::Tensor mask_token_, decoder_pos_embed_;
  std::shared_ptr<Linear> decoder_embed_, decoder_pred_;
  std::shared_ptr<Blocks> decoder_blocks_;
  std::shared_ptr<LayerNorm> decoder_norm_;
};

// Encoder on the kept tokens, then decoder. Returns, in the order they are computed and no further than `until` (empty
// = all):
//   "latent"         B×(1+K)×D    encoder output, cls first, kept tokens in raster order
//   "decoder_input"  B×(1+L')×d   decoder tokens with positions, cls first, raster order without dropped tokens
//   "prediction"     B×L×P        one row per patch, values in (row, column, channel) order; zero where dropped
Bag reconstruct(Encoder& encoder, MaeDecoder& decoder, const at::Tensor& image, const MaskPlan& plan,
                std::string_view until = {});

}  // namespace vaso::model
