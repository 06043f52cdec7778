// Squared error of the predicted pixels, over the masked patches of the whole batch.
// Source: He et al., "Masked autoencoders are scalable vision learners", CVPR 2022 (facebookresearch/mae,
// models_mae.py: forward_loss).
#include "model/mim_losses.hpp"
#include "sdk/loss.hpp"
#include "sdk/plugin.hpp"

namespace {

struct Params {
  bool norm_pix = true;
  void describe(vaso::Schema& s) {
    s.field(norm_pix, "norm_pix",
            "the target of each patch is normalised by its own mean and standard deviation; alike in every term that "
            "has it");
  }
};

class PixelReconstruction final : public vaso::LossTerm {
 public:
  PixelReconstruction(const Params& params, const vaso::RunShape& run)
      : norm_pix_(params.norm_pix), patch_size_(run.patch_size) {}

  vaso::Needs needs() const override {
    vaso::Needs needs;
    needs.outputs = {"prediction"};
    return needs;
  }

  at::Tensor value(vaso::StepContext& step) override {
    vaso::model::agree_on_pixel_space(step, "loss.pixel_reconstruction", norm_pix_);
    return vaso::model::reconstruction_loss(step.outputs().at("prediction"), step.batch().at("image"), step.plan(),
                                            patch_size_, norm_pix_);
  }

 private:
  bool norm_pix_;
  std::int64_t patch_size_;
};

}  // namespace

VASO_PLUGIN("loss.pixel_reconstruction", "1.0.0", "loss.pixel_reconstruction") {
  plugins.add<PixelReconstruction, Params>("pixel_reconstruction", "squared error of the masked patches' pixels (MAE)");
}
