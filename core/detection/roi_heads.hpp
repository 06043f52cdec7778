// The second stage: proposals are classified and their boxes refined.
// Source: Fast R-CNN, arXiv 1504.08083; detectron2, modeling/roi_heads.
#pragma once

#include "detection/box_head.hpp"
#include "detection/boxes.hpp"
#include "detection/roi_pooler.hpp"
#include "sdk/head.hpp"

#include <ATen/core/Generator.h>

#include <memory>
#include <vector>

namespace vaso::detection {

struct RoiHeadsOptions {
  RoiPoolerOptions pooler;
  BoxHeadOptions head;

  double positive_iou = 0.5;
  std::int64_t samples = 512;  // proposals of an image that are trained on
  double positive_share = 0.25;
  double smooth_l1_beta = 0;  // 0 = L1 (detectron2); 1/9 in torchvision

  double least_score = 0.05;  // of what is answered at all
  double nms = 0.5;           // within a class
  std::int64_t most = 100;    // answers in an image
  double least_side = 0;      // smaller answers are dropped, pixels; 1e-2 in torchvision
};

class RoiHeads : public torch::nn::Module {
 public:
  explicit RoiHeads(const RoiHeadsOptions& options);

  // "roi_class" and "roi_box", scalars with gradient. proposals: per image P×4; boxes, labels: the true ones, T×4 and T
  // int64 from 0; P and T may be 0. True boxes join the proposals.
  Bag losses(const std::vector<at::Tensor>& levels, const std::vector<at::Tensor>& proposals,
             const std::vector<at::Tensor>& boxes, const std::vector<at::Tensor>& labels, at::Generator generator);

  // Per image what was found, by falling score, without gradient.
  std::vector<Detections> detect(const std::vector<at::Tensor>& levels, const std::vector<at::Tensor>& proposals,
                                 const ImageSize& size);

 private:
  Detections answers(const at::Tensor& scores, const at::Tensor& codes, const at::Tensor& proposals,
                     const ImageSize& size) const;
  RoiHeadsOptions options_;
  std::shared_ptr<BoxHead> head_;
};

}  // namespace vaso::detection
