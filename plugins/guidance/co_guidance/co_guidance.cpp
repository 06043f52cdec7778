// Co-guidance of VasoMIM: G = η·B + (1−η)·M of two sources, a filter's mask B and a segmentor's probability M.
#include "sdk/guidance.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>

namespace {

struct Params {
  double eta = 0.5;
  std::string first = "frangi";
  std::string second = "unext";
  void describe(vaso::Schema& s) {
    s.field(eta, "eta", "weight of the first source; 1 = VasoMIM-v1").range(0, 1);
    s.field(first, "first", "guidance component, usually a filter");
    s.field(second, "second", "guidance component, usually the segmentor");
  }
};

class CoGuidance final : public vaso::GuidanceSource {
 public:
  CoGuidance(const Params& params, const vaso::RunShape&) : params_(params) {
    for (const auto* field : {&params_.first, &params_.second}) {
      if (*field == "co_guidance")
        throw vaso::ParameterError(field == &params_.first ? "first" : "second", "co_guidance cannot guide itself");
    }
  }
  Stage stage() const override { return Stage::step; }
  std::vector<std::string> inputs() const override { return {params_.first, params_.second}; }
  at::Tensor map(vaso::StepContext&, const std::vector<at::Tensor>& inputs) override {
    return params_.eta * inputs.at(0) + (1 - params_.eta) * inputs.at(1);
  }

 private:
  Params params_;
};

}  // namespace

VASO_PLUGIN("guidance.co_guidance", "1.0.0", "guidance.co_guidance") {
  plugins.add<CoGuidance, Params>("co_guidance", "weighted sum of two guidance sources (VasoMIM)");
}
