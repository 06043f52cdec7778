#include "detection/faster_rcnn.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <stdexcept>

namespace vaso::detection {

namespace {

// A box without area has no logarithm of its size: its loss would be infinite, far from the cause.
void check_truth(const std::vector<at::Tensor>& boxes, const std::vector<at::Tensor>& labels, std::int64_t classes) {
  for (std::size_t image = 0; image < boxes.size(); ++image) {
    const at::Tensor& box = boxes[image];
    const at::Tensor& label = labels.at(image);
    if (box.dim() != 2 || box.size(1) != 4 || label.dim() != 1 || label.size(0) != box.size(0)) {
      throw std::invalid_argument(
          fmt::format("image {} of the batch: boxes must be N×4 with N labels, not {} boxes and {} labels", image,
                      box.dim() == 0 ? 0 : box.size(0), label.numel()));
    }
    if (large_boxes(box, 0).size(0) != box.size(0)) {
      throw std::invalid_argument(fmt::format("image {} of the batch has a box without area: leave it out", image));
    }
    if (label.numel() > 0 && label.lt(0).logical_or(label.ge(classes)).any().item<bool>()) {
      throw std::invalid_argument(fmt::format(
          "image {} of the batch has a label outside 0…{}, which the detector was not built for", image, classes - 1));
    }
  }
}

}  // namespace

FasterRcnnOptions detectron2_options(const DetectorShape& shape) {
  FasterRcnnOptions options;
  options.rpn.channels = shape.channels;
  options.rpn.strides = shape.strides;
  options.rpn.anchors.ratios = shape.anchor_ratios;
  for (const double size : shape.anchor_sizes) options.rpn.anchors.sizes.push_back({size});
  options.roi.pooler.strides.assign(shape.strides.begin(), shape.strides.end() - 1);
  options.roi.head.channels = shape.channels;
  options.roi.head.classes = shape.classes;
  return options;
}

FasterRcnnOptions torchvision_options(const DetectorShape& shape) {
  FasterRcnnOptions options = detectron2_options(shape);
  options.rpn.anchors.rounded = true;
  options.rpn.smooth_l1_beta = 1.0 / 9;
  options.rpn.mean_over_quota = false;
  options.rpn.most_after_nms_training = 2000;
  options.rpn.least_side = 1e-3;
  options.roi.pooler.samples = 2;
  options.roi.pooler.aligned = false;
  options.roi.pooler.torchvision_levels = true;
  options.roi.smooth_l1_beta = 1.0 / 9;
  options.roi.least_side = 1e-2;
  return options;
}

FasterRcnn::FasterRcnn(const FasterRcnnOptions& options)
    : classes_(options.roi.head.classes),
      rpn_(register_module("rpn", std::make_shared<Rpn>(options.rpn))),
      roi_(register_module("roi", std::make_shared<RoiHeads>(options.roi))) {}

Bag FasterRcnn::losses(const std::vector<at::Tensor>& levels, const ImageSize& size,
                       const std::vector<at::Tensor>& boxes, const std::vector<at::Tensor>& labels,
                       at::Generator generator) {
  check_truth(boxes, labels, classes_);
  const Rpn::Prediction prediction = rpn_->forward(levels);
  if (boxes.size() != static_cast<std::size_t>(prediction.logits.size(0))) {
    throw std::invalid_argument(
        fmt::format("{} lists of boxes for {} images", boxes.size(), prediction.logits.size(0)));
  }
  Bag losses = rpn_->losses(prediction, boxes, generator);
  const std::vector<at::Tensor> proposals = rpn_->proposals(prediction, size, /*training=*/true);
  losses.merge(roi_->losses(levels, proposals, boxes, labels, generator));
  return losses;
}

std::vector<Detections> FasterRcnn::detect(const std::vector<at::Tensor>& levels, const ImageSize& size) {
  at::NoGradGuard no_grad;
  return roi_->detect(levels, rpn_->proposals(rpn_->forward(levels), size, /*training=*/false), size);
}

}  // namespace vaso::detection
