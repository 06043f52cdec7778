#include "detection/roi_heads.hpp"

#include "detection/matcher.hpp"
#include "detection/nms.hpp"
#include "detection/sampler.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace vaso::detection {

namespace {

constexpr BoxWeights box_weights = {10, 10, 5, 5};

}  // namespace

RoiHeads::RoiHeads(const RoiHeadsOptions& options)
    : options_(options), head_(register_module("head", std::make_shared<BoxHead>(options.head))) {}

Bag RoiHeads::losses(const std::vector<at::Tensor>& levels, const std::vector<at::Tensor>& proposals,
                     const std::vector<at::Tensor>& boxes, const std::vector<at::Tensor>& labels,
                     at::Generator generator) {
  std::vector<at::Tensor> regions, classes, positives, targets;
  std::int64_t before = 0;  // regions of the images before this one
  for (std::size_t image = 0; image < proposals.size(); ++image) {
    const at::Tensor truth = boxes[image].to(proposals[image].options());
    const at::Tensor candidates = at::cat({proposals[image], truth});
    const at::Tensor matches =
        match(box_iou(truth, candidates), options_.positive_iou, options_.positive_iou, /*low_quality=*/false);
    const Sample sample = draw_balanced(matches, options_.samples, options_.positive_share, generator);
    const at::Tensor mine = matches.index_select(0, sample.positive);
    const at::Tensor chosen = candidates.index_select(0, sample.positive);
    regions.push_back(at::cat({chosen, candidates.index_select(0, sample.negative)}));
    classes.push_back(at::cat({labels[image].to(mine.options()).index_select(0, mine),
                               at::full({sample.negative.size(0)}, options_.head.classes, mine.options())}));
    targets.push_back(encode_boxes(truth.index_select(0, mine), chosen, box_weights));
    positives.push_back(at::arange(before, before + mine.size(0), mine.options()));
    before += regions.back().size(0);
  }
  const auto [logits, codes] = head_->forward(pool_regions(levels, regions, options_.pooler));
  const at::Tensor truth = at::cat(classes), positive = at::cat(positives);
  const double divisor = static_cast<double>(std::max<std::int64_t>(1, before));

  // Each region has a box for every class; that of its own class is trained.
  const at::Tensor of_class = truth.index_select(0, positive).view({-1, 1, 1}).expand({positive.size(0), 1, 4});
  const at::Tensor predicted = codes.index_select(0, positive).gather(1, of_class).squeeze(1);
  Bag losses;
  losses["roi_class"] = at::cross_entropy_loss(logits, truth, {}, at::Reduction::Sum) / divisor;
  losses["roi_box"] =
      at::smooth_l1_loss(predicted, at::cat(targets), at::Reduction::Sum, options_.smooth_l1_beta) / divisor;
  return losses;
}

std::vector<Detections> RoiHeads::detect(const std::vector<at::Tensor>& levels,
                                         const std::vector<at::Tensor>& proposals, const ImageSize& size) {
  at::NoGradGuard no_grad;
  const auto [logits, codes] = head_->forward(pool_regions(levels, proposals, options_.pooler));
  const at::Tensor scores = at::softmax(logits, 1).narrow(1, 0, options_.head.classes);  // background is last
  std::vector<Detections> found;
  std::int64_t begin = 0;
  for (const at::Tensor& mine : proposals) {
    const std::int64_t count = mine.size(0);
    found.push_back(answers(scores.narrow(0, begin, count), codes.narrow(0, begin, count), mine, size));
    begin += count;
  }
  return found;
}

Detections RoiHeads::answers(const at::Tensor& scores, const at::Tensor& codes, const at::Tensor& proposals,
                             const ImageSize& size) const {
  // One candidate for each region and class with enough score.
  const at::Tensor candidates = at::nonzero(scores > options_.least_score);
  const at::Tensor region = candidates.select(1, 0), label = candidates.select(1, 1);
  const at::Tensor flat = region * options_.head.classes + label;
  const at::Tensor boxes = clip_boxes(
      decode_boxes(codes.flatten(0, 1).index_select(0, flat), proposals.index_select(0, region), box_weights), size);
  const at::Tensor score = scores.flatten().index_select(0, flat);

  const at::Tensor large = large_boxes(boxes, options_.least_side);
  const at::Tensor kept = large.index_select(0, nms(boxes.index_select(0, large), score.index_select(0, large),
                                                    label.index_select(0, large), options_.nms, options_.most));
  return {boxes.index_select(0, kept), score.index_select(0, kept), label.index_select(0, kept)};
}

}  // namespace vaso::detection
