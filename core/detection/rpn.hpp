// The region proposal network: where there may be something, whatever it is.
// Source: Faster R-CNN, arXiv 1506.01497, on a pyramid as in arXiv 1612.03144.
#pragma once

#include "detection/anchors.hpp"
#include "detection/boxes.hpp"
#include "model/layers.hpp"
#include "sdk/component.hpp"

#include <ATen/core/Generator.h>

#include <memory>
#include <vector>

namespace vaso::detection {

struct RpnOptions {
  std::int64_t channels = 256;
  std::int64_t convolutions = 1;  // before the predictions; 2 in ViTDet
  std::vector<double> strides = {4, 8, 16, 32, 64};
  AnchorOptions anchors;

  double positive_iou = 0.7, negative_iou = 0.3;
  std::int64_t samples = 256;  // anchors of an image that the loss is computed on
  double positive_share = 0.5;
  double smooth_l1_beta = 0;    // 0 = L1 (detectron2); 1/9 in torchvision
  bool mean_over_quota = true;  // losses are divided by samples·images (detectron2), or by how many were drawn

  std::int64_t most_before_nms_training = 2000, most_before_nms = 1000;  // per level
  std::int64_t most_after_nms_training = 1000, most_after_nms = 1000;    // of all levels together
  double nms = 0.7;
  double least_side = 0;  // smaller proposals are dropped, pixels; 1e-3 in torchvision
};

class Rpn : public torch::nn::Module {
 public:
  explicit Rpn(const RpnOptions& options);

  struct Prediction {
    at::Tensor logits;                      // B×N
    at::Tensor codes;                       // B×N×4
    at::Tensor anchors;                     // N×4; levels in order
    std::vector<std::int64_t> level_sizes;  // anchors of each level, N in sum
  };
  // levels: B×channels×H×W each, finest first, as many as there are strides. Results are float32 (or float64).
  Prediction forward(const std::vector<at::Tensor>& levels);

  // "rpn_objectness" and "rpn_box", scalars with gradient. boxes: the true ones, per image T×4; T may be 0.
  Bag losses(const Prediction& prediction, const std::vector<at::Tensor>& boxes, at::Generator generator) const;

  // Per image P×4, by falling objectness, without gradient.
  std::vector<at::Tensor> proposals(const Prediction& prediction, const ImageSize& size, bool training) const;

 private:
  at::Tensor image_proposals(const at::Tensor& logits, const at::Tensor& codes, const Prediction& prediction,
                             const ImageSize& size, bool training) const;
  RpnOptions options_;
  std::shared_ptr<model::Sequence<model::Conv2d>> convs_;
  std::shared_ptr<model::Conv2d> objectness_, box_;
};

}  // namespace vaso::detection
