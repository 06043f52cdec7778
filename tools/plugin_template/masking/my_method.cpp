// Hides most often what was hidden least so far: for every image it remembers how often each place of the view was
// hidden.
#include "sdk/masking.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>

namespace {

struct Params {
  double ratio = 0.75;
  double strength = 1.0;
  void describe(vaso::Schema& s) {
    s.field(ratio, "ratio", "share of patches hidden; L - int(L(1-ratio)) of L").range(0.05, 0.95);
    s.field(strength, "strength",
            "a patch hidden once more than another is drawn exp(-strength) times as often; 0 = at random")
        .range(0, 10);
  }
};

class MyMethod final : public vaso::MaskingStrategy {
 public:
  MyMethod(const Params& params, const vaso::RunShape& shape)
      : strength_(params.strength),
        masked_(shape.tokens() - vaso::kept_tokens(shape.tokens(), params.ratio)),
        hidden_(at::zeros({shape.samples, shape.tokens()})) {
    if (masked_ < 1 || masked_ == shape.tokens())
      throw vaso::ParameterError("ratio", "leaves nothing to hide or nothing to see at this image and patch size");
  }

  // For the whole batch at once, and with step.generator() alone.
  vaso::MaskPlan plan(vaso::StepContext& step) override {
    const at::Tensor index = step.batch().at("index").to(at::kCPU);  // which images these are
    const at::Tensor times = hidden_.index_select(0, index);
    const at::Tensor more = (times - times.amin(1, /*keepdim=*/true)) * strength_;
    const at::Tensor weights = more.clamp_max(50).neg().exp();  // no weight falls to zero, which would mean never
    const at::Tensor masked =
        vaso::draw_weighted(weights.to(step.batch().at("image").device()), masked_, step.generator());
    hidden_.index_add_(0, index, masked.to(hidden_.options()));
    // 1 = mask, 0 = keep; and how many are dropped, kept, masked, so that nobody has to ask a GPU.
    return {masked.to(at::kChar), {}, {0, hidden_.size(1) - masked_, masked_}};
  }

  // All that is remembered: a resumed run has nothing else.
  vaso::Bag state() const override { return {{"hidden", hidden_.clone()}}; }
  void set_state(const vaso::Bag& state) override { hidden_ = state.at("hidden").clone(); }

 private:
  double strength_;
  std::int64_t masked_;
  at::Tensor hidden_;  // images × patches
};

}  // namespace

VASO_PLUGIN("masking.my_method", "0.1.0", "masking.my_method") {
  plugins.add<MyMethod, Params>("my_method", "hide what was hidden least so far");
}
