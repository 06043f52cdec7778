// What a map of probabilities is judged by. All of these take gradients.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace vaso::model {

// 1 − (2 Σpg + 1e-5) / (Σp + Σg + 1e-5) for each sample and channel, and the mean of these: MONAI's DiceLoss.
// probabilities and target: B×C×H×W. Where target and prediction are both empty the loss is 0.
at::Tensor dice_loss(const at::Tensor& probabilities, const at::Tensor& target);

// The same ratio of sums over the whole batch for each channel (nnU-Net's batch_dice), and the mean over the channels
// that some image of the batch has. Of 25 segments an image has five: image by image, twenty ratios of five and twenty
// would stand at 1 whatever is predicted, and leave a fifth of the gradient to those that can be learnt. Where no
// image has any, the mean is over all channels.
at::Tensor batch_dice_loss(const at::Tensor& probabilities, const at::Tensor& target);

// The centre lines of soft masks (B×C×H×W in [0,1]), by `iterations` rounds of min and max pooling: Shit et al.,
// "clDice", CVPR 2021 (jocpae/clDice, cldice_loss/pytorch/soft_skeleton.py). Iterations should reach the half width of
// the widest vessel in pixels. Nothing beyond the border ever wins.
at::Tensor soft_skeleton(const at::Tensor& masks, std::int64_t iterations);

// 1 − harmonic mean of (Σ S_p g + 1)/(Σ S_p + 1) and (Σ S_g p + 1)/(Σ S_g + 1) for each sample and channel, and the
// mean of these; S are soft skeletons. (The released code sums over the batch first, so that one image hides another.)
at::Tensor soft_cl_dice_loss(const at::Tensor& probabilities, const at::Tensor& target, std::int64_t iterations);

}  // namespace vaso::model
