// The relative ranking loss of HPM, apart so that it can be tested without a network.
#pragma once

#include <ATen/ATen.h>

namespace vaso {

// scores, losses: B×M. Over all ordered pairs (i,j) of one image with losses that differ: binary cross-entropy between
// σ(score_j − score_i) and [loss_j > loss_i], log(· + 1e-6) as released; mean over the pairs of the whole batch.
// No gradient flows to `losses`. Source: Haochen-Wang409/HPM, models_mae_learn_loss.py: forward_learning_loss.
inline at::Tensor ranking_loss(const at::Tensor& scores, const at::Tensor& losses) {
  const at::Tensor target = losses.detach();
  const at::Tensor higher = (target.unsqueeze(1) > target.unsqueeze(2)).to(scores.scalar_type());  // [b,i,j]: j above i
  const at::Tensor differ = (target.unsqueeze(1) != target.unsqueeze(2)).to(scores.scalar_type());
  const at::Tensor p = (scores.unsqueeze(1) - scores.unsqueeze(2)).sigmoid();
  const at::Tensor entropy = -(higher * (p + 1e-6).log() + (1 - higher) * (1 - p + 1e-6).log());
  return (entropy * differ).sum() / differ.sum().clamp_min(1);
}

}  // namespace vaso
