// What the head trains: a feature pyramid, from the encoder's last map or from a ResNet-50 of its own, and Faster R-CNN
// on it.
#pragma once

#include "detection/faster_rcnn.hpp"
#include "detection/feature_pyramid.hpp"
#include "detection/resnet.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace vaso::detection {

class DetectorOnEncoder final : public torch::nn::Module {
 public:
  DetectorOnEncoder(std::int64_t dim, std::int64_t channels, const std::string& norm, const FasterRcnnOptions& options)
      : pyramid_(register_module("pyramid", std::make_shared<SimpleFeaturePyramid>(dim, channels, norm))),
        detector_(register_module("detector", std::make_shared<FasterRcnn>(options))) {}
  // map: B×dim×g×g.
  std::vector<at::Tensor> levels(const at::Tensor& map) { return pyramid_->forward(map); }
  FasterRcnn& detector() { return *detector_; }

 private:
  std::shared_ptr<SimpleFeaturePyramid> pyramid_;
  std::shared_ptr<FasterRcnn> detector_;
};

class DetectorOnResNet final : public torch::nn::Module {
 public:
  DetectorOnResNet(std::int64_t channels, const std::string& norm, const FasterRcnnOptions& options)
      : body_(register_module("body", std::make_shared<ResNet>(ResNetOptions{{3, 4, 6, 3}, 64, norm}))),
        pyramid_(register_module("pyramid", std::make_shared<FeaturePyramid>(body_->channels(), channels, norm))),
        detector_(register_module("detector", std::make_shared<FasterRcnn>(options))) {}
  // image: B×3×S×S, normalised.
  std::vector<at::Tensor> levels(const at::Tensor& image) { return pyramid_->forward(body_->forward(image)); }
  FasterRcnn& detector() { return *detector_; }

 private:
  std::shared_ptr<ResNet> body_;
  std::shared_ptr<FeaturePyramid> pyramid_;
  std::shared_ptr<FasterRcnn> detector_;
};

}  // namespace vaso::detection
