// Hidden patches go into the encoder as one learned token, and a single linear layer on top predicts their pixels: no
// decoder. Source of the idea: Xie et al., "SimMIM: a simple framework for masked image modeling", arXiv 2111.09886.
//
// Outputs (B images, L patches, P = 3·patch² values):
//   latent      B×(1+L)×D  encoder tokens, cls first; where patches were dropped they are left out
//   prediction  B×L×P      pixels of each patch in (row, column, channel) order; zero where dropped
#include "sdk/objective.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

namespace {

// The host gives it first weights from the run's seed, trains it and saves it, all by these names. Parameters begin as
// zeros and not as torch::nn::Linear does, which would draw from LibTorch's global generator.
struct LinearDecoder final : torch::nn::Module {
  LinearDecoder(std::int64_t dim, std::int64_t values)
      : mask_token(register_parameter("mask_token", at::zeros({1, 1, dim}))),
        weight(register_parameter("predict_weight", at::zeros({values, dim}))),
        bias(register_parameter("predict_bias", at::zeros({values}))) {}
  at::Tensor mask_token, weight, bias;
};

class MyMethod final : public vaso::Objective {
 public:
  MyMethod(const vaso::NoParameters&, const vaso::RunShape& run) : run_(run) {}

  std::shared_ptr<torch::nn::Module> network() override {
    return std::make_shared<LinearDecoder>(run_.encoder_dim, run_.patch_values());
  }

  // What losses and strategies may ask for, and its width.
  std::map<std::string, std::int64_t> outputs() const override {
    return {{"latent", run_.encoder_dim}, {"prediction", run_.patch_values()}};
  }

  vaso::Bag forward(vaso::Networks& networks, const vaso::Bag& batch, const vaso::MaskPlan& plan,
                    std::string_view until) override {
    auto& decoder = dynamic_cast<LinearDecoder&>(*networks.objective);
    const at::Tensor state = plan.state;
    vaso::EncodeRequest request;
    request.image = batch.at("image");
    request.replace = state.eq(vaso::MaskPlan::mask);
    request.replacement = decoder.mask_token;
    const at::Tensor present = state.ne(vaso::MaskPlan::drop);
    if (!present.all().item<bool>())  // the same number in every image
      request.keep = present.nonzero().select(1, 1).view({state.size(0), -1});
    vaso::EncodeResult encoded = networks.encoder->encode(request);
    if (until == "latent") return {{"latent", encoded.tokens}};

    const at::Tensor patches = encoded.tokens.narrow(1, encoded.prefix, encoded.tokens.size(1) - encoded.prefix);
    at::Tensor prediction = at::linear(patches, decoder.weight, decoder.bias);
    if (request.keep.defined()) {
      const at::Tensor place = request.keep.unsqueeze(-1).expand_as(prediction);
      prediction = at::zeros({state.size(0), state.size(1), prediction.size(2)}, prediction.options())
                       .scatter(1, place, prediction);
    }
    return {{"latent", encoded.tokens}, {"prediction", prediction}};
  }

 private:
  vaso::RunShape run_;
};

}  // namespace

VASO_PLUGIN("objective.my_method", "0.1.0", "objective.my_method") {
  plugins.add<MyMethod, vaso::NoParameters>("my_method",
                                            "mask tokens in the encoder, one linear layer predicts pixels");
}
