#include "detection/rpn.hpp"

#include "detection/matcher.hpp"
#include "detection/nms.hpp"
#include "detection/sampler.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace vaso::detection {

namespace {

constexpr BoxWeights anchor_weights = {1, 1, 1, 1};

// B×(A·K)×H×W → B×(H·W·A)×K, the order of level_anchors.
at::Tensor by_anchor(const at::Tensor& map, std::int64_t values) {
  const at::Tensor x = map.scalar_type() == at::kDouble ? map : map.to(at::kFloat);
  return x.reshape({x.size(0), -1, values, x.size(2), x.size(3)})
      .permute({0, 3, 4, 1, 2})
      .reshape({x.size(0), -1, values});
}

// One prediction layer serves all levels, so that their anchors must be equally many.
std::int64_t anchors_per_cell(const RpnOptions& options) {
  const std::size_t levels = options.anchors.sizes.size();
  if (levels == 0 || levels != options.strides.size()) {
    throw std::invalid_argument(
        fmt::format("{} strides need as many lists of anchor sizes, not {}", options.strides.size(), levels));
  }
  for (std::size_t level = 1; level < levels; ++level) {
    if (options.anchors.per_cell(level) != options.anchors.per_cell(0)) {
      throw std::invalid_argument("every level of a pyramid needs equally many anchor sizes");
    }
  }
  return options.anchors.per_cell(0);
}

}  // namespace

Rpn::Rpn(const RpnOptions& options) : options_(options) {
  const std::int64_t anchors = anchors_per_cell(options);
  convs_ = register_module("convs", std::make_shared<model::Sequence<model::Conv2d>>(
                                        options.convolutions, options.channels, options.channels, 3));
  objectness_ = register_module("objectness", std::make_shared<model::Conv2d>(options.channels, anchors, 1));
  box_ = register_module("box", std::make_shared<model::Conv2d>(options.channels, 4 * anchors, 1));
}

Rpn::Prediction Rpn::forward(const std::vector<at::Tensor>& levels) {
  if (levels.size() != options_.strides.size()) {
    throw std::invalid_argument(fmt::format("the proposal network was built for {} pyramid levels and got {}",
                                            options_.strides.size(), levels.size()));
  }
  std::vector<at::Tensor> logits, codes, anchors;
  Prediction prediction;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    at::Tensor x = levels[level];
    for (std::size_t i = 0; i < convs_->size(); ++i) x = at::relu((*convs_)[i].forward(x));
    logits.push_back(by_anchor(objectness_->forward(x), 1).squeeze(2));
    codes.push_back(by_anchor(box_->forward(x), 4));
    anchors.push_back(
        level_anchors(options_.anchors, level, x.size(2), x.size(3), options_.strides[level], codes.back()));
    prediction.level_sizes.push_back(anchors.back().size(0));
  }
  prediction.logits = at::cat(logits, 1);
  prediction.codes = at::cat(codes, 1);
  prediction.anchors = at::cat(anchors);
  return prediction;
}

Bag Rpn::losses(const Prediction& prediction, const std::vector<at::Tensor>& boxes, at::Generator generator) const {
  const std::int64_t images = prediction.logits.size(0), count = prediction.anchors.size(0);
  std::vector<at::Tensor> positives, drawn, answers, targets;  // indices into all anchors of the batch
  for (std::int64_t image = 0; image < images; ++image) {
    const at::Tensor truth = boxes[static_cast<std::size_t>(image)].to(prediction.anchors.options());
    const at::Tensor matches = match(box_iou(truth, prediction.anchors), options_.positive_iou, options_.negative_iou,
                                     /*low_quality=*/true);
    const Sample sample = draw_balanced(matches, options_.samples, options_.positive_share, generator);
    const at::Tensor mine = truth.index_select(0, matches.index_select(0, sample.positive));
    targets.push_back(encode_boxes(mine, prediction.anchors.index_select(0, sample.positive), anchor_weights));
    positives.push_back(sample.positive + image * count);
    drawn.push_back(at::cat({sample.positive, sample.negative}) + image * count);
    answers.push_back(at::cat({at::ones({sample.positive.size(0)}, prediction.logits.options()),
                               at::zeros({sample.negative.size(0)}, prediction.logits.options())}));
  }
  const at::Tensor all = at::cat(drawn);
  const double quota = static_cast<double>(options_.samples * images);
  const double divisor = options_.mean_over_quota ? quota : static_cast<double>(std::max<std::int64_t>(1, all.size(0)));
  Bag losses;
  losses["rpn_objectness"] = at::binary_cross_entropy_with_logits(prediction.logits.flatten().index_select(0, all),
                                                                  at::cat(answers), {}, {}, at::Reduction::Sum) /
                             divisor;
  losses["rpn_box"] = at::smooth_l1_loss(prediction.codes.flatten(0, 1).index_select(0, at::cat(positives)),
                                         at::cat(targets), at::Reduction::Sum, options_.smooth_l1_beta) /
                      divisor;
  return losses;
}

std::vector<at::Tensor> Rpn::proposals(const Prediction& prediction, const ImageSize& size, bool training) const {
  at::NoGradGuard no_grad;
  std::vector<at::Tensor> proposals;
  for (std::int64_t image = 0; image < prediction.logits.size(0); ++image) {
    proposals.push_back(image_proposals(prediction.logits[image], prediction.codes[image], prediction, size, training));
  }
  return proposals;
}

at::Tensor Rpn::image_proposals(const at::Tensor& logits, const at::Tensor& codes, const Prediction& prediction,
                                const ImageSize& size, bool training) const {
  const std::int64_t most = training ? options_.most_before_nms_training : options_.most_before_nms;
  std::vector<at::Tensor> best, levels;
  std::int64_t begin = 0;
  for (std::size_t level = 0; level < prediction.level_sizes.size(); ++level) {
    const std::int64_t count = prediction.level_sizes[level];
    best.push_back(std::get<1>(logits.narrow(0, begin, count).topk(std::min(most, count))) + begin);
    levels.push_back(at::full_like(best.back(), static_cast<std::int64_t>(level)));
    begin += count;
  }
  const at::Tensor chosen = at::cat(best);
  const at::Tensor boxes = clip_boxes(
      decode_boxes(codes.index_select(0, chosen), prediction.anchors.index_select(0, chosen), anchor_weights), size);
  const at::Tensor large = large_boxes(boxes, options_.least_side);
  const at::Tensor candidates = boxes.index_select(0, large);
  const std::int64_t after = training ? options_.most_after_nms_training : options_.most_after_nms;
  const at::Tensor kept = nms(candidates, logits.index_select(0, chosen).index_select(0, large),
                              at::cat(levels).index_select(0, large), options_.nms, after);
  return candidates.index_select(0, kept);
}

}  // namespace vaso::detection
