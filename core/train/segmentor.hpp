// Phase `segmentor`: UNeXt-S learns the filter's masks.
// Source: Dxhuang-CASIA/XA-SSL, segmodel/train_unext.py: Adam, lr·(1−e/E)^0.9 per epoch, ½ BCE + ½ (1 − soft Dice over
// the batch).
#pragma once

#include "train/pretrain.hpp"

namespace vaso::train {

struct SegmentorParts {
  Recipe recipe;
  Images images;
  std::optional<GuidanceGraph> guidance;
  std::int64_t batches_per_epoch() const;
};
SegmentorParts fit_segmentor(const config::Node& cell, PluginHost& host, std::vector<config::Diagnostic>& faults);

// Trains to the end, or throws as pretrain() does. Leaves segmentor.safetensors, checkpoint.safetensors and
// segmentation.png. Each epoch logs loss, bce, dice (soft Dice with the filter's mask), learning_rate,
// images_per_second, waiting_share.
void train_segmentor(const config::Node& cell, PluginHost& host, const RunPlace& place, Reporter& reporter);

// ½ · binary cross-entropy + ½ · (1 − soft Dice), Dice over the flattened batch with smoothing 1e-5.
struct SegmentationLoss {
  at::Tensor total, bce, dice;
};
SegmentationLoss segmentation_loss(const at::Tensor& logits, const at::Tensor& mask);

}  // namespace vaso::train
