// The segmentor should find the same vessels in the reconstruction as in the image.
// Source: VasoMIM (repository XA-SSL, models_vmae.py: MaskedAutoencoderViT.forward).
#include "model/mim_losses.hpp"
#include "sdk/loss.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>

namespace {

struct Params {
  bool norm_pix = true;
  void describe(vaso::Schema& s) {
    s.field(norm_pix, "norm_pix",
            "the prediction is per-patch normalised and is given back the true patch's mean and standard deviation "
            "before the "
            "segmentor sees it; alike in every term that has it");
  }
};

class AnatomicalConsistency final : public vaso::LossTerm {
 public:
  AnatomicalConsistency(const Params& params, const vaso::RunShape& run)
      : norm_pix_(params.norm_pix), patch_size_(run.patch_size) {}

  vaso::Needs needs() const override {
    vaso::Needs needs;
    needs.frozen = {"segmentor"};
    needs.outputs = {"prediction"};
    return needs;
  }

  at::Tensor value(vaso::StepContext& step) override {
    vaso::model::agree_on_pixel_space(step, "loss.anatomical_consistency", norm_pix_);
    const at::Tensor image = step.batch().at("image");
    vaso::FrozenNetwork& segmentor = step.frozen("segmentor");
    // The same probabilities may already have guided the mask.
    const at::Tensor target =
        step.once("segmentor.probability", [&] { return at::sigmoid(segmentor.forward(image).to(at::kFloat)); });
    const at::Tensor reconstruction =
        vaso::model::reconstruct_image(step.outputs().at("prediction"), image, patch_size_, norm_pix_, step.plan());
    return vaso::model::consistency_loss(segmentor.forward(reconstruction), target);
  }

 private:
  bool norm_pix_;
  std::int64_t patch_size_;
};

}  // namespace

VASO_PLUGIN("loss.anatomical_consistency", "1.0.0", "loss.anatomical_consistency") {
  plugins.add<AnatomicalConsistency, Params>(
      "anatomical_consistency", "the segmentor's vessels in the reconstruction against those in the image (VasoMIM)");
}
