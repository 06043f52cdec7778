// Masked autoencoding: the encoder sees the kept patches, a light decoder predicts every patch that was not dropped.
// Source: He et al., "Masked autoencoders are scalable vision learners", CVPR 2022 (repository facebookresearch/mae).
//
// Outputs, in the order they are computed (B images, L patches, K kept, L' not dropped, P = 3·patch² values):
//   latent         B×(1+K)×D    encoder tokens, cls first, kept patches in raster order
//   decoder_input  B×(1+L')×d   decoder tokens with positions, cls first, raster order
//   prediction     B×L×P        pixels of each patch in (row, column, channel) order; zero where dropped
#include "model/mae_decoder.hpp"
#include "sdk/objective.hpp"
#include "sdk/plugin.hpp"

namespace {

struct Params {
  std::int64_t decoder_dim = 512;
  std::int64_t decoder_depth = 8;
  std::int64_t decoder_heads = 16;
  void describe(vaso::Schema& s) {
    s.field(decoder_dim, "decoder_dim", "width of the decoder's tokens; a multiple of 4 and of decoder_heads")
        .range(4, 8192);
    s.field(decoder_depth, "decoder_depth", "transformer blocks of the decoder").range(1, 64);
    s.field(decoder_heads, "decoder_heads", "attention heads of the decoder").range(1, 256);
  }
};

class Mae final : public vaso::Objective {
 public:
  Mae(const Params& params, const vaso::RunShape& run) {
    if (params.decoder_dim % 4 != 0) {
      throw vaso::ParameterError("decoder_dim", "the position table needs a multiple of 4");
    }
    if (params.decoder_dim % params.decoder_heads != 0) {
      throw vaso::ParameterError("decoder_heads", "decoder_dim " + std::to_string(params.decoder_dim) +
                                                      " cannot be split over " + std::to_string(params.decoder_heads) +
                                                      " heads");
    }
    shape_.encoder_dim = run.encoder_dim;
    shape_.grid = run.grid();
    shape_.patch_values = run.patch_values();
    shape_.dim = params.decoder_dim;
    shape_.depth = params.decoder_depth;
    shape_.heads = params.decoder_heads;
  }

  std::shared_ptr<torch::nn::Module> network() override { return std::make_shared<vaso::model::MaeDecoder>(shape_); }

  std::map<std::string, std::int64_t> outputs() const override {
    return {{"latent", shape_.encoder_dim}, {"decoder_input", shape_.dim}, {"prediction", shape_.patch_values}};
  }

  vaso::Bag forward(vaso::Networks& networks, const vaso::Bag& batch, const vaso::MaskPlan& plan,
                    std::string_view until) override {
    return vaso::model::reconstruct(*networks.encoder, dynamic_cast<vaso::model::MaeDecoder&>(*networks.objective),
                                    batch.at("image"), plan, until);
  }

 private:
  vaso::model::DecoderShape shape_;
};

}  // namespace

VASO_PLUGIN("objective.mae", "1.0.0", "objective.mae") {
  plugins.add<Mae, Params>("mae", "encode the kept patches, predict the pixels of the others (MAE)");
}
