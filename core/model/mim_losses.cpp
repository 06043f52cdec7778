#include "model/mim_losses.hpp"

#include "model/fused_patches.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

namespace vaso::model {

at::Tensor patch_errors(const at::Tensor& prediction, const at::Tensor& image, std::int64_t patch_size, bool norm_pix) {
  if (can_fuse_patches(prediction, image)) return fused_patch_errors(prediction, image, patch_size, norm_pix);
  at::Tensor target;
  {
    at::NoGradGuard no_grad;
    target = patchify(image, patch_size);
    if (norm_pix) {
      const PatchStatistics statistics = patch_statistics(target);
      target = (target - statistics.mean) / statistics.deviation;
    }
  }
  return (prediction.to(target.scalar_type()) - target).square().mean(-1);
}

at::Tensor reconstruction_loss(const at::Tensor& prediction, const at::Tensor& image, const MaskPlan& plan,
                               std::int64_t patch_size, bool norm_pix) {
  const at::Tensor errors = patch_errors(prediction, image, patch_size, norm_pix);
  const at::Tensor masked = plan.state.eq(MaskPlan::mask).to(errors.scalar_type());
  return (errors * masked).sum() / masked.sum();
}

at::Tensor reconstruct_image(const at::Tensor& prediction, const at::Tensor& image, std::int64_t patch_size,
                             bool norm_pix, const MaskPlan& plan) {
  if (can_fuse_patches(prediction, image)) {
    return fused_image(prediction, image, patch_size, norm_pix,
                       plan.state.defined() ? plan.state.eq(MaskPlan::drop) : at::Tensor());
  }
  at::Tensor pixels = prediction.to(image.scalar_type());
  const at::Tensor truth = patchify(image, patch_size).detach();
  if (norm_pix) {
    const PatchStatistics statistics = patch_statistics(truth);
    pixels = pixels * statistics.deviation + statistics.mean;
  }
  if (plan.state.defined()) pixels = at::where(plan.state.eq(MaskPlan::drop).unsqueeze(-1), truth, pixels);
  return unpatchify(pixels, patch_size);
}

at::Tensor consistency_loss(const at::Tensor& logits, const at::Tensor& target_probability) {
  // Never in half precision, whatever the segmentor ran in.
  const at::ScalarType type = at::promote_types(target_probability.scalar_type(), at::kFloat);
  return at::binary_cross_entropy_with_logits(logits.to(type), target_probability.to(type), /*weight=*/{},
                                              /*pos_weight=*/{}, at::Reduction::Mean);
}

void agree_on_pixel_space(StepContext& step, const std::string& component, bool norm_pix) {
  const at::Tensor stated =
      step.once("prediction.norm_pix", [norm_pix] { return at::scalar_tensor(norm_pix, at::kBool); });
  if (stated.item<bool>() == norm_pix) return;
  throw std::invalid_argument(fmt::format(
      "{0} has norm_pix = {1} while another term has norm_pix = {2}: the network predicts either normalised or "
      "plain pixels, so set norm_pix alike in every term that has it",
      component, norm_pix, !norm_pix));
}

}  // namespace vaso::model
