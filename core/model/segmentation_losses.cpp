#include "model/segmentation_losses.hpp"

#include <ATen/ATen.h>

namespace vaso::model {

namespace {

constexpr double kDiceSmooth = 1e-5, kClDiceSmooth = 1.0;

// Over the pixels of each sample and channel: B×C.
at::Tensor over_pixels(const at::Tensor& map) { return map.flatten(2).sum(2); }

at::Tensor max_pool(const at::Tensor& map, std::int64_t rows, std::int64_t columns) {
  return at::max_pool2d(map, {rows, columns}, /*stride=*/{1, 1}, /*padding=*/{rows / 2, columns / 2});
}

at::Tensor eroded(const at::Tensor& map) { return -at::maximum(max_pool(-map, 3, 1), max_pool(-map, 1, 3)); }

at::Tensor opened(const at::Tensor& map) { return max_pool(eroded(map), 3, 3); }

}  // namespace

at::Tensor dice_loss(const at::Tensor& probabilities, const at::Tensor& target) {
  const at::Tensor both = over_pixels(probabilities * target);
  const at::Tensor sizes = over_pixels(probabilities) + over_pixels(target);
  return (1 - (2 * both + kDiceSmooth) / (sizes + kDiceSmooth)).mean();
}

at::Tensor batch_dice_loss(const at::Tensor& probabilities, const at::Tensor& target) {
  const at::Tensor both = over_pixels(probabilities * target).sum(0), annotated = over_pixels(target).sum(0);
  const at::Tensor ratio =
      (2 * both + kDiceSmooth) / (over_pixels(probabilities).sum(0) + annotated + kDiceSmooth);  // C
  const at::Tensor present = annotated.gt(0);
  const at::Tensor counted = present.logical_or(present.any().logical_not()).to(ratio.scalar_type());
  return ((1 - ratio) * counted).sum() / counted.sum();
}

at::Tensor soft_skeleton(const at::Tensor& masks, std::int64_t iterations) {
  at::Tensor map = masks;
  at::Tensor skeleton = at::relu(map - opened(map));
  for (std::int64_t i = 0; i < iterations; ++i) {
    map = eroded(map);
    const at::Tensor found = at::relu(map - opened(map));
    skeleton = skeleton + at::relu(found - skeleton * found);
  }
  return skeleton;
}

at::Tensor soft_cl_dice_loss(const at::Tensor& probabilities, const at::Tensor& target, std::int64_t iterations) {
  const at::Tensor predicted = soft_skeleton(probabilities, iterations), true_lines = soft_skeleton(target, iterations);
  const at::Tensor precision =
      (over_pixels(predicted * target) + kClDiceSmooth) / (over_pixels(predicted) + kClDiceSmooth);
  const at::Tensor sensitivity =
      (over_pixels(true_lines * probabilities) + kClDiceSmooth) / (over_pixels(true_lines) + kClDiceSmooth);
  return (1 - 2 * precision * sensitivity / (precision + sensitivity)).mean();
}

}  // namespace vaso::model
