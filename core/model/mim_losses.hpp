// The formulas behind loss.pixel_reconstruction and loss.anatomical_consistency, apart from the plugins so that they
// can be used and tested on their own. Sources: He et al., "Masked autoencoders are scalable vision learners", CVPR
// 2022; VasoMIM (repository XA-SSL, models_vmae.py).
#pragma once

#include "sdk/loss.hpp"
#include "sdk/step.hpp"

namespace vaso::model {

// Mean squared error of each patch, B×L, with gradient to `prediction` (B×L×P). norm_pix: the target patch is
// normalised by its own mean and standard deviation; otherwise it is the image as it stands.
at::Tensor patch_errors(const at::Tensor& prediction, const at::Tensor& image, std::int64_t patch_size, bool norm_pix);

// Mean of patch_errors over the masked tokens of the whole batch. A scalar.
at::Tensor reconstruction_loss(const at::Tensor& prediction, const at::Tensor& image, const MaskPlan& plan,
                               std::int64_t patch_size, bool norm_pix);

// The image that `prediction` stands for, B×3×H×W. norm_pix: each patch is given back the mean and standard deviation
// of the true one. Every patch is predicted, visible ones too: none is pasted back. Dropped ones nobody predicts: where
// a plan is given they are the image's own, so that they are no flat squares among the vessels.
at::Tensor reconstruct_image(const at::Tensor& prediction, const at::Tensor& image, std::int64_t patch_size,
                             bool norm_pix, const MaskPlan& plan = {});

// Binary cross-entropy of the segmentor's logits on the reconstruction against its probabilities on the image (soft
// targets), mean over all pixels of the batch. A scalar.
at::Tensor consistency_loss(const at::Tensor& logits, const at::Tensor& target_probability);

// A prediction is in one pixel space. Every term that reads it states which one it takes it for, once per step; where
// two disagree this throws std::invalid_argument naming `component`, the one that came second.
void agree_on_pixel_space(StepContext& step, const std::string& component, bool norm_pix);

}  // namespace vaso::model
