#include "model/mae_decoder.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

namespace vaso::model {

namespace {

// Raster indices of the tokens that are not dropped (B×L'), undefined where none is: the common case needs no gather.
at::Tensor present_tokens(const MaskPlan& plan) {
  const std::int64_t dropped = plan.count(MaskPlan::drop);
  if (dropped == 0) return {};
  // A stable sort of "is dropped" puts the present tokens first and leaves them in raster order.
  const at::Tensor order = std::get<1>(
      at::sort(plan.state.eq(MaskPlan::drop).to(at::kByte), /*stable=*/true, /*dim=*/1, /*descending=*/false));
  return order.narrow(1, 0, plan.state.size(1) - dropped);
}

}  // namespace

MaeDecoder::MaeDecoder(const DecoderShape& shape) {
  if (shape.heads <= 0 || shape.dim % shape.heads != 0) {
    throw std::invalid_argument(
        fmt::format("decoder width {} cannot be split over {} attention heads", shape.dim, shape.heads));
  }
  mask_token_ = register_parameter("mask_token", at::zeros({1, 1, shape.dim}));
  decoder_pos_embed_ =
      register_parameter("decoder_pos_embed", sincos_positions(shape.dim, shape.grid), /*requires_grad=*/false);
  decoder_embed_ = register_module("decoder_embed", std::make_shared<Linear>(shape.encoder_dim, shape.dim));
  decoder_blocks_ = register_module(
      "decoder_blocks", std::make_shared<Blocks>(shape.depth, shape.dim, shape.heads, shape.mlp_ratio, shape.norm_eps));
  decoder_norm_ = register_module("decoder_norm", std::make_shared<LayerNorm>(shape.dim, shape.norm_eps));
  decoder_pred_ = register_module("decoder_pred", std::make_shared<Linear>(shape.dim, shape.patch_values));
}

at::Tensor MaeDecoder::embed(const at::Tensor& latent, const MaskPlan& plan) {
  const at::Tensor kept = decoder_embed_->forward(latent);
  const std::int64_t batch = plan.state.size(0), tokens = plan.state.size(1), width = kept.size(2);
  // Mask tokens everywhere, then kept ones over them. Unlike a gather from [kept, mask token], the backward of this
  // needs no atomic addition, so it is fast and gives the same bits every time on a GPU as well.
  const at::Tensor index = tokens_in_state(plan, MaskPlan::keep).unsqueeze(-1).expand({batch, -1, width});
  at::Tensor patches = mask_token_.to(kept.scalar_type())
                           .expand({batch, tokens, width})
                           .scatter(1, index, kept.narrow(1, 1, kept.size(1) - 1));
  patches = patches + decoder_pos_embed_.narrow(1, 1, tokens);
  if (const at::Tensor present = present_tokens(plan); present.defined()) patches = gather_tokens(patches, present);
  return at::cat({kept.narrow(1, 0, 1) + decoder_pos_embed_.narrow(1, 0, 1), patches}, 1);
}

at::Tensor MaeDecoder::predict(const at::Tensor& decoder_tokens) {
  const at::Tensor tokens = decoder_norm_->of_sum(decoder_blocks_->forward(decoder_tokens).stream).norm;
  return decoder_pred_->forward(tokens.narrow(1, 1, tokens.size(1) - 1));  // there is nothing to predict for cls
}

Bag reconstruct(Encoder& encoder, MaeDecoder& decoder, const at::Tensor& image, const MaskPlan& plan,
                std::string_view until) {
  Bag outputs;
  EncodeRequest request;
  request.image = image;
  request.keep = tokens_in_state(plan, MaskPlan::keep);
  const EncodeResult encoded = encoder.encode(request);
  outputs["latent"] = encoded.tokens;
  if (encoded.prefix > 1) {  // registers stand for no place: the decoder gets the class token and the patches
    const std::int64_t kept = encoded.tokens.size(1) - encoded.prefix;
    outputs["latent"] = at::cat({encoded.tokens.narrow(1, 0, 1), encoded.tokens.narrow(1, encoded.prefix, kept)}, 1);
  }
  if (until == "latent") return outputs;
  outputs["decoder_input"] = decoder.embed(outputs["latent"], plan);
  if (until == "decoder_input") return outputs;
  at::Tensor prediction = decoder.predict(outputs["decoder_input"]);
  if (const at::Tensor present = present_tokens(plan); present.defined()) {
    const std::int64_t batch = prediction.size(0), values = prediction.size(2);
    prediction = at::zeros({batch, plan.state.size(1), values}, prediction.options())
                     .scatter(1, present.unsqueeze(-1).expand({batch, -1, values}), prediction);
  }
  outputs["prediction"] = prediction;
  return outputs;
}

}  // namespace vaso::model
