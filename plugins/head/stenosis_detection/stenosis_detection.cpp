// Boxes around lesions: Faster R-CNN on a simple feature pyramid over the plain encoder (ViTDet, arXiv 2203.16527), or
// on a ResNet-50 with a top-down pyramid as the baseline from scratch.
#include "detection/initialise.hpp"
#include "network.hpp"
#include "sdk/head.hpp"
#include "sdk/plugin.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>

namespace {

using namespace vaso::detection;

constexpr std::size_t pyramid_levels = 5;

struct Params {
  std::string backbone = "vit";
  std::string conventions = "detectron2";
  std::vector<double> anchor_sizes = {16, 32, 64, 128, 256};
  std::vector<double> anchor_ratios = {0.5, 1.0, 2.0};
  std::int64_t channels = 256;
  std::string norm = "auto";
  std::int64_t rpn_convolutions = 2;
  std::int64_t rpn_samples = 256;
  double rpn_positive_iou = 0.7;
  std::int64_t proposals = 1000;
  std::string box_head = "fc";
  std::int64_t box_width = 1024;
  std::int64_t roi_samples = 512;
  double score_threshold = 0.05;
  double nms_threshold = 0.5;
  std::int64_t detections = 100;

  void describe(vaso::Schema& s) {
    s.field(backbone, "backbone", "the run's encoder with a simple feature pyramid, or a ResNet-50 with FPN of its own")
        .choices({"vit", "resnet50_fpn"});
    s.field(conventions, "conventions", "whose anchors, losses and ROIAlign; they differ in the numbers")
        .choices({"detectron2", "torchvision"});
    s.field(anchor_sizes, "anchor_sizes", "one for each pyramid level, finest first; side of the square anchor")
        .unit("pixels of the input")
        .at_least(1)
        .length(static_cast<std::int64_t>(pyramid_levels));
    s.field(anchor_ratios, "anchor_ratios", "height over width of the anchors at every place").range(0.05, 20);
    s.field(channels, "channels", "width of the pyramid").at_least(1);
    s.field(norm, "norm", "of pyramid, ResNet and box convolutions; auto: ln on the encoder, gn in the ResNet")
        .choices({"auto", "bn", "gn", "in", "ln"});
    s.field(rpn_convolutions, "rpn_convolutions", "before the proposal network's predictions; FPN 1, ViTDet 2")
        .range(1, 8);
    s.field(rpn_samples, "rpn_samples", "anchors of an image that the proposal network learns from").at_least(2);
    s.field(rpn_positive_iou, "rpn_positive_iou",
            "an anchor that overlaps a box by this much is an example of one; the box's best anchor always is")
        .range(0.3, 1);
    s.field(proposals, "proposals", "regions of an image that reach the second stage").at_least(1);
    s.field(box_head, "box_head", "two fully connected layers (FPN), or four convolutions and one (ViTDet)")
        .choices({"fc", "conv"});
    s.field(box_width, "box_width", "width of the box head's fully connected layers").at_least(1);
    s.field(roi_samples, "roi_samples", "regions of an image that the second stage learns from").at_least(4);
    s.field(score_threshold, "score_threshold", "boxes with a lower score are not reported").range(0, 1);
    s.field(nms_threshold, "nms_threshold", "of two boxes of a label with a greater IoU, the better is reported")
        .range(0, 1);
    s.field(detections, "detections", "most boxes reported in an image").at_least(1);
  }
};

class StenosisDetection final : public vaso::Head {
 public:
  StenosisDetection(const Params& params, const vaso::RunShape& run) : params_(params), run_(run) {
    if (params_.anchor_ratios.empty()) {
      throw vaso::ParameterError("anchor_ratios",
                                 "without a ratio there are no anchors; give at least one, such as 1.0");
    }
    if (uses_encoder() && run_.patch_size % 4 != 0) {
      throw vaso::ParameterError(
          "backbone", fmt::format("the pyramid is four times as fine as the encoder's map, so the patch size must be a "
                                  "multiple of 4, not {}",
                                  run_.patch_size));
    }
    if (uses_encoder() && run_.encoder_dim % 4 != 0) {
      throw vaso::ParameterError("backbone", fmt::format("the finest level has a quarter of the encoder's channels, "
                                                         "and {} cannot be divided by 4",
                                                         run_.encoder_dim));
    }
  }

  Answer answer() const override { return Answer::boxes; }
  bool uses_encoder() const override { return params_.backbone == "vit"; }

  std::shared_ptr<torch::nn::Module> network(const std::vector<std::string>& labels) override {
    if (labels.empty()) {
      throw vaso::ParameterError(
          "labels", "the data set names no label, and a detector needs at least one, such as \"stenosis\"");
    }
    const FasterRcnnOptions options = detector_options(static_cast<std::int64_t>(labels.size()));
    if (uses_encoder()) {
      return std::make_shared<DetectorOnEncoder>(run_.encoder_dim, params_.channels, norm(), options);
    }
    return std::make_shared<DetectorOnResNet>(params_.channels, norm(), options);
  }

  void initialise(torch::nn::Module& network, std::uint64_t seed) const override {
    vaso::detection::initialise(network, seed);
  }

  vaso::Bag losses(const vaso::HeadNetworks& networks, const vaso::LabelledBatch& batch,
                   at::Generator generator) override {
    const auto [levels, detector] = forward(networks, batch.image);
    return detector->losses(levels, size_of(batch.image), batch.boxes, batch.labels, generator);
  }

  std::vector<vaso::Detections> detect(const vaso::HeadNetworks& networks, const at::Tensor& image) override {
    at::NoGradGuard no_grad;
    const auto [levels, detector] = forward(networks, image);
    return detector->detect(levels, size_of(image));
  }

 private:
  static ImageSize size_of(const at::Tensor& image) { return {image.size(2), image.size(3)}; }

  std::string norm() const {
    if (params_.norm != "auto") return params_.norm;
    return uses_encoder() ? "ln" : "gn";
  }

  FasterRcnnOptions detector_options(std::int64_t classes) const {
    DetectorShape shape;
    shape.classes = classes;
    shape.channels = params_.channels;
    shape.anchor_sizes = params_.anchor_sizes;
    shape.anchor_ratios = params_.anchor_ratios;
    const double finest = uses_encoder() ? static_cast<double>(run_.patch_size) / 4 : 4;
    for (std::size_t level = 0; level < pyramid_levels; ++level) {
      shape.strides[level] = finest * static_cast<double>(std::int64_t{1} << level);
    }
    FasterRcnnOptions options =
        params_.conventions == "detectron2" ? detectron2_options(shape) : torchvision_options(shape);
    options.rpn.convolutions = params_.rpn_convolutions;
    options.rpn.samples = params_.rpn_samples;
    options.rpn.positive_iou = params_.rpn_positive_iou;
    options.rpn.most_after_nms = options.rpn.most_after_nms_training = params_.proposals;
    options.roi.head.convolutions = params_.box_head == "conv" ? 4 : 0;
    options.roi.head.norm = norm();
    options.roi.head.width = params_.box_width;
    options.roi.samples = params_.roi_samples;
    options.roi.least_score = params_.score_threshold;
    options.roi.nms = params_.nms_threshold;
    options.roi.most = params_.detections;
    return options;
  }

  struct Pyramid {
    std::vector<at::Tensor> levels;
    FasterRcnn* detector;
  };
  Pyramid forward(const vaso::HeadNetworks& networks, const at::Tensor& image) const {
    if (!uses_encoder()) {
      auto& network = dynamic_cast<DetectorOnResNet&>(*networks.head);
      return {network.levels(image), &network.detector()};
    }
    auto& network = dynamic_cast<DetectorOnEncoder&>(*networks.head);
    return {network.levels(last_map(*networks.encoder, image)), &network.detector()};
  }

  // The last block's tokens before the final norm, as in ViTDet, laid out as a map: B×D×g×g.
  at::Tensor last_map(vaso::Encoder& encoder, const at::Tensor& image) const {
    vaso::EncodeRequest request;
    request.image = image;
    request.layers = {run_.encoder_depth - 1};
    const vaso::EncodeResult encoded = encoder.encode(request);
    const at::Tensor tokens = encoded.layers.front().narrow(1, encoded.prefix, run_.tokens());
    return tokens.transpose(1, 2).reshape({image.size(0), run_.encoder_dim, run_.grid(), run_.grid()});
  }

  Params params_;
  vaso::RunShape run_;
};

}  // namespace

VASO_PLUGIN("head.stenosis_detection", "1.0.0", "head.stenosis_detection") {
  plugins.add<StenosisDetection, Params>("stenosis_detection",
                                         "boxes around lesions (Faster R-CNN; ViTDet or ResNet-50)");
}
