// Random masking, as in MAE (He et al., arXiv 2111.06377; facebookresearch/mae, models_mae.py: random_masking).
#include "sdk/masking.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>

namespace {

struct Params {
  double ratio = 0.75;
  void describe(vaso::Schema& s) {
    s.field(ratio, "ratio", "share of patches hidden; L - int(L(1-ratio)) of L").range(0.01, 0.99);
  }
};

class Random final : public vaso::MaskingStrategy {
 public:
  Random(const Params& params, const vaso::RunShape& shape)
      : tokens_(shape.tokens()), masked_(tokens_ - vaso::kept_tokens(tokens_, params.ratio)) {
    if (masked_ >= tokens_) {
      throw vaso::ParameterError("ratio", "hides all " + std::to_string(tokens_) +
                                              " patches, and the encoder needs at least one; choose a smaller ratio");
    }
  }

  vaso::MaskPlan plan(vaso::StepContext& step) override {
    const at::Tensor image = step.batch().at("image");
    const std::int64_t batch = image.size(0);
    const at::Tensor nothing = at::zeros({batch, tokens_}, image.options().dtype(at::kBool));
    const at::Tensor count = at::full({batch}, masked_, image.options().dtype(at::kLong));
    return {vaso::draw_evenly(nothing, count, step.generator()).to(at::kChar), {}, {0, tokens_ - masked_, masked_}};
  }

 private:
  std::int64_t tokens_, masked_;
};

}  // namespace

VASO_PLUGIN("masking.random", "1.0.0", "masking.random") {
  plugins.add<Random, Params>("random", "hide patches drawn evenly (MAE)");
}
