// Anatomy-guided masking of VasoMIM (arXiv 2602.11536; Dxhuang-CASIA/XA-SSL, models_vmae.py: guided_masking).
//
// A share β of the masked patches is drawn with probability proportional to the guidance in each patch, the rest evenly
// from the others; β is ramped over training, from easy to hard.
#include "sdk/masking.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>

namespace {

struct Params {
  double ratio = 0.5;
  double beta_start = 0.0;
  double beta_end = 0.5;
  std::string ramp = "released";
  void describe(vaso::Schema& s) {
    s.field(ratio, "ratio", "share of patches hidden; L - int(L(1-ratio)) of L").range(0.01, 0.99);
    s.field(beta_start, "beta_start", "guided share of the masked patches at the start").range(0, 1);
    s.field(beta_end, "beta_end", "guided share of the masked patches at the end").range(0, 1);
    s.field(ramp, "ramp", "progress of epoch e of E: released code (e+1)/E, or the paper's e/E")
        .choices({"released", "paper"});
  }
};

class Anatomy final : public vaso::MaskingStrategy {
 public:
  Anatomy(const Params& params, const vaso::RunShape& shape)
      : params_(params),
        patch_size_(shape.patch_size),
        masked_(shape.tokens() - vaso::kept_tokens(shape.tokens(), params.ratio)) {
    if (masked_ >= shape.tokens()) {
      throw vaso::ParameterError("ratio", "hides all " + std::to_string(shape.tokens()) +
                                              " patches, and the encoder needs at least one; choose a smaller ratio");
    }
  }

  vaso::Needs needs() const override {
    vaso::Needs needs;
    needs.guidance = true;
    return needs;
  }

  vaso::MaskPlan plan(vaso::StepContext& step) override {
    const double beta = guided_share(step.progress());
    step.log("beta", beta);
    // An image without guidance gets no guided patch and is masked evenly; one with few positive patches gets those.
    const at::Tensor weights = vaso::patch_sums(step.guidance(), patch_size_);
    const auto wanted = static_cast<std::int64_t>(static_cast<double>(masked_) * beta);
    at::Generator generator = step.generator();
    const at::Tensor guided = vaso::draw_weighted(weights, wanted, generator);
    const at::Tensor guided_count = guided.sum(1);
    const at::Tensor rest = vaso::draw_evenly(guided, masked_ - guided_count, generator);
    return {guided.logical_or(rest).to(at::kChar), guided_count, {0, weights.size(1) - masked_, masked_}};
  }

 private:
  double guided_share(const vaso::Progress& progress) const {
    const auto done = static_cast<double>(progress.epoch + (params_.ramp == "released" ? 1 : 0));
    return params_.beta_start + done / static_cast<double>(progress.epochs) * (params_.beta_end - params_.beta_start);
  }

  Params params_;
  std::int64_t patch_size_, masked_;
};

}  // namespace

VASO_PLUGIN("masking.anatomy", "1.0.0", "masking.anatomy") {
  plugins.add<Anatomy, Params>("anatomy", "hide patches with vessels more often, ramped over training (VasoMIM)");
}
