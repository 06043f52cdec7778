// Faster R-CNN on a feature pyramid, whatever made the pyramid.
#pragma once

#include "detection/roi_heads.hpp"
#include "detection/rpn.hpp"

#include <memory>
#include <string>
#include <vector>

namespace vaso::detection {

struct FasterRcnnOptions {
  RpnOptions rpn;
  RoiHeadsOptions roi;
};

// What users choose; the rest follows from a code's conventions. classes: without background. Regions are pooled from
// all levels but the last.
struct DetectorShape {
  std::int64_t classes = 1, channels = 256;
  std::vector<double> strides = {4, 8, 16, 32, 64};
  std::vector<double> anchor_sizes = {32, 64, 128, 256, 512};  // one a level, pixels
  std::vector<double> anchor_ratios = {0.5, 1.0, 2.0};         // height over width
};

// As detectron2's FPN and ViTDet configurations: exact anchors, L1, losses over the quota, aligned ROIAlign with as
// many samples as a bin needs.
FasterRcnnOptions detectron2_options(const DetectorShape& shape);

// As torchvision 0.14: anchors rounded to whole pixels, smooth L1 (beta 1/9), losses over what was drawn, 2000
// proposals in training, ROIAlign with 2×2 samples and without the half-pixel shift, boxes below 1e-2 pixels dropped.
FasterRcnnOptions torchvision_options(const DetectorShape& shape);

class FasterRcnn : public torch::nn::Module {
 public:
  // Throws std::invalid_argument where strides and anchors do not go together.
  explicit FasterRcnn(const FasterRcnnOptions& options);

  // levels: B×channels×H×W, finest first; size: of the input. boxes: per image T×4 in pixels; labels: T int64 from 0.
  // An image without boxes is all background. "rpn_objectness", "rpn_box", "roi_class", "roi_box": scalars with
  // gradient. Throws std::invalid_argument naming a box without area or a label that is none.
  Bag losses(const std::vector<at::Tensor>& levels, const ImageSize& size, const std::vector<at::Tensor>& boxes,
             const std::vector<at::Tensor>& labels, at::Generator generator);

  // One entry an image, without gradient.
  std::vector<Detections> detect(const std::vector<at::Tensor>& levels, const ImageSize& size);

 private:
  std::int64_t classes_;
  std::shared_ptr<Rpn> rpn_;
  std::shared_ptr<RoiHeads> roi_;
};

}  // namespace vaso::detection
