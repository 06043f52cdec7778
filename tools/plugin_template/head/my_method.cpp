// A linear probe for masks: one linear layer on the encoder's patches, enlarged to the image. How well it does is how
// much the encoder alone has understood.
#include "sdk/head.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>
#include <torch/nn/module.h>

namespace {

struct Params {
  double positive_weight = 4;
  void describe(vaso::Schema& s) {
    s.field(positive_weight, "positive_weight", "how many times a labelled pixel counts in the loss: vessels are thin")
        .range(0.1, 1000);
  }
};

// The host gives it first weights from the run's seed, trains it and saves it. Parameters begin as zeros and not as
// torch::nn::Linear does, which would draw from LibTorch's global generator.
struct Probe final : torch::nn::Module {
  Probe(std::int64_t dim, std::int64_t labels)
      : weight(register_parameter("weight", at::zeros({labels, dim}))),
        bias(register_parameter("bias", at::zeros({labels}))) {}
  at::Tensor weight, bias;
};

class MyMethod final : public vaso::Head {
 public:
  MyMethod(const Params& params, const vaso::RunShape& run) : positive_weight_(params.positive_weight), run_(run) {}

  Answer answer() const override { return Answer::masks; }

  std::shared_ptr<torch::nn::Module> network(const std::vector<std::string>& labels) override {
    if (labels.empty()) throw vaso::ParameterError("labels", "the data set annotates nothing that could be learned");
    return std::make_shared<Probe>(run_.encoder_dim, static_cast<std::int64_t>(labels.size()));
  }

  // The host minimises the sum of what is returned, and records each by its name.
  vaso::Bag losses(const vaso::HeadNetworks& networks, const vaso::LabelledBatch& batch, at::Generator) override {
    const at::Tensor found = logits(networks, batch.image);
    const at::Tensor weight = at::full({1}, positive_weight_, found.options());
    return {{"bce", at::binary_cross_entropy_with_logits(found, batch.masks.to(found.scalar_type()), /*weight=*/{},
                                                         weight, at::Reduction::Mean)}};
  }

  at::Tensor logits(const vaso::HeadNetworks& networks, const at::Tensor& image) override {
    const auto& probe = dynamic_cast<const Probe&>(*networks.head);
    vaso::EncodeRequest request;
    request.image = image;
    const vaso::EncodeResult encoded = networks.encoder->encode(request);
    const std::int64_t patches = encoded.tokens.size(1) - encoded.prefix, grid = run_.grid();
    const at::Tensor each = at::linear(encoded.tokens.narrow(1, encoded.prefix, patches), probe.weight, probe.bias);
    const at::Tensor map = each.transpose(1, 2).reshape({image.size(0), -1, grid, grid});
    return at::upsample_bilinear2d(map, {image.size(2), image.size(3)}, /*align_corners=*/false);
  }

  at::Tensor masks(const at::Tensor& logits) const override { return logits.gt(0); }

 private:
  double positive_weight_;
  vaso::RunShape run_;
};

}  // namespace

VASO_PLUGIN("head.my_method", "0.1.0", "head.my_method") {
  plugins.add<MyMethod, Params>("my_method", "a linear layer on the encoder's patches, for masks");
}
