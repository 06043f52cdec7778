// Guidance by the segmentor: σ(S(image)), the probability that a pixel is vessel (VasoMIM, models_vmae.py: forward).
#include "sdk/guidance.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>

namespace {

class Unext final : public vaso::GuidanceSource {
 public:
  Unext(const vaso::NoParameters&, const vaso::RunShape&) {}
  Stage stage() const override { return Stage::step; }
  vaso::Needs needs() const override {
    vaso::Needs needs;
    needs.frozen = {"segmentor"};
    return needs;
  }
  at::Tensor map(vaso::StepContext& step, const std::vector<at::Tensor>&) override {
    // The consistency loss asks for the same map under the same key.
    return step.once("segmentor.probability",
                     [&] { return step.frozen("segmentor").forward(step.batch().at("image")).sigmoid(); });
  }
};

}  // namespace

VASO_PLUGIN("guidance.unext", "1.0.0", "guidance.unext") {
  plugins.add<Unext, vaso::NoParameters>("unext", "vessel probability of the frozen UNeXt-S segmentor");
}
