#include "metrics/box_scores.hpp"

#include "metrics/average_precision.hpp"
#include "metrics/mean.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

namespace vaso::metrics {
namespace {

constexpr double kScore = .5, kIou = .5;

struct Figure {
  const char* name;
  const char* convention;
  double CocoFigures::*value;
};

constexpr Figure kFigures[] = {
    {"ap", "COCO: mean over IoU .50:.05:.95 and classes, at most 100 boxes an image", &CocoFigures::ap},
    {"ap50", "COCO, IoU 0.50", &CocoFigures::ap50},
    {"ap75", "COCO, IoU 0.75", &CocoFigures::ap75},
    {"ap_small", "COCO, boxes up to 32² pixels", &CocoFigures::ap_small},
    {"ap_medium", "COCO, boxes of 32² to 96² pixels", &CocoFigures::ap_medium},
    {"ap_large", "COCO, boxes from 96² pixels", &CocoFigures::ap_large},
    {"ar1", "COCO: average recall over IoU .50:.05:.95, one box an image and class", &CocoFigures::ar1},
    {"ar10", "COCO, ten boxes", &CocoFigures::ar10},
    {"ar100", "COCO, a hundred boxes", &CocoFigures::ar100},
    {"ar_small", "COCO, a hundred boxes, small ones", &CocoFigures::ar_small},
    {"ar_medium", "COCO, a hundred boxes, medium ones", &CocoFigures::ar_medium},
    {"ar_large", "COCO, a hundred boxes, large ones", &CocoFigures::ar_large},
};

double defined(double figure) { return figure < 0 ? kUndefined : figure; }

BoxScores::Hits& operator+=(BoxScores::Hits& sum, const BoxScores::Hits& more) {
  sum.found_right += more.found_right;
  sum.found += more.found;
  sum.there += more.there;
  return sum;
}

// Of one image and label. What is found in a crowd is neither right nor wrong.
BoxScores::Hits hits(const std::vector<TruthBox>& truths, std::vector<FoundBox> founds, std::int64_t label) {
  std::vector<const TruthBox*> there;
  for (const TruthBox& truth : truths) {
    if (truth.label == label) there.push_back(&truth);
  }
  std::erase_if(founds, [&](const FoundBox& found) { return found.label != label || found.score < kScore; });
  std::stable_sort(founds.begin(), founds.end(),
                   [](const FoundBox& left, const FoundBox& right) { return left.score > right.score; });
  std::vector<double> ious;
  for (const FoundBox& found : founds) {
    for (const TruthBox* truth : there) ious.push_back(iou(found, *truth));
  }
  std::vector<bool> crowd;
  for (const TruthBox* truth : there) crowd.push_back(truth->crowd);
  BoxScores::Hits result;
  result.there = std::count(crowd.begin(), crowd.end(), false);
  for (const std::int64_t matched : match(ious, there, crowd, founds.size(), kIou)) {
    if (matched != kUnmatched && crowd[static_cast<std::size_t>(matched)]) continue;
    ++result.found;
    result.found_right += matched != kUnmatched;
  }
  return result;
}

double ratio(std::int64_t above, std::int64_t below, bool both_empty) {
  if (both_empty) return 1;
  return below == 0 ? 0 : static_cast<double>(above) / static_cast<double>(below);
}

struct Point {
  double precision, recall, f1;
};

Point point(const BoxScores::Hits& hits) {
  const bool both_empty = hits.found == 0 && hits.there == 0;
  return {ratio(hits.found_right, hits.found, both_empty), ratio(hits.found_right, hits.there, both_empty),
          ratio(2 * hits.found_right, hits.found + hits.there, both_empty)};
}

}  // namespace

BoxScores::BoxScores(std::vector<std::string> labels) : labels_(std::move(labels)) {
  if (labels_.empty()) throw std::invalid_argument("scores of boxes need a label at least");
  if (std::set<std::string>(labels_.begin(), labels_.end()).size() != labels_.size()) {
    throw std::invalid_argument("two labels have one name");
  }
}

void BoxScores::add(const std::string& image, std::vector<TruthBox> truths, std::vector<FoundBox> founds) {
  const auto check = [&](const auto& box) {
    if (box.label >= 0 && box.label < static_cast<std::int64_t>(labels_.size())) return;
    throw std::invalid_argument(
        fmt::format("image {}: a box has the label {} of {}", image, box.label, labels_.size()));
  };
  std::for_each(truths.begin(), truths.end(), check);
  std::for_each(founds.begin(), founds.end(), check);
  for (const FoundBox& found : founds) {
    if (std::isnan(found.score)) throw std::invalid_argument(fmt::format("image {}: a score is NaN", image));
  }
  if (!names_.insert(image).second) throw std::invalid_argument("image " + image + " was added before");

  Hits of_image;
  for (std::size_t label = 0; label < labels_.size(); ++label) {
    of_image += hits(truths, founds, static_cast<std::int64_t>(label));
  }
  hits_.push_back(of_image);
  const auto index = static_cast<std::int64_t>(images_.size());
  for (TruthBox& truth : truths) truth.image = index;
  for (FoundBox& found : founds) found.image = index;
  truths_.insert(truths_.end(), truths.begin(), truths.end());
  founds_.insert(founds_.end(), founds.begin(), founds.end());
  images_.push_back(image);
}

Report BoxScores::report() const {
  Report report;
  const AveragePrecision average = average_precision(truths_, founds_, static_cast<std::int64_t>(labels_.size()));
  for (const Figure& figure : kFigures) {
    const auto undefined = std::count_if(average.labels.begin(), average.labels.end(),
                                         [&](const CocoFigures& label) { return label.*figure.value < 0; });
    report.metrics.push_back({figure.name, defined(average.all.*figure.value), figure.convention, undefined});
  }

  Hits sum;
  for (std::size_t i = 0; i < images_.size(); ++i) {
    sum += hits_[i];
    const Point of_image = point(hits_[i]);
    report.per_image["box_precision"][images_[i]] = of_image.precision;
    report.per_image["box_recall"][images_[i]] = of_image.recall;
    report.per_image["box_f1"][images_[i]] = of_image.f1;
  }
  const Point overall = images_.empty() ? Point{kUndefined, kUndefined, kUndefined} : point(sum);
  const std::string convention =
      "score ≥ 0.5, IoU ≥ 0.5, all images' boxes together; per image, neither found nor there counts 1";
  report.metrics.push_back({"box_precision", overall.precision, convention, 0});
  report.metrics.push_back({"box_recall", overall.recall, convention, 0});
  report.metrics.push_back({"box_f1", overall.f1, convention, 0});

  if (labels_.size() == 1) return report;
  report.classes.support = "boxes";
  for (const Figure& figure : kFigures) report.classes.columns.emplace_back(figure.name);
  for (std::size_t label = 0; label < labels_.size(); ++label) {
    ClassRow row{labels_[label], 0, {}};
    row.support = std::count_if(truths_.begin(), truths_.end(), [&](const TruthBox& truth) {
      return truth.label == static_cast<std::int64_t>(label) && !truth.crowd;
    });
    for (const Figure& figure : kFigures) row.values.push_back(defined(average.labels[label].*figure.value));
    report.classes.rows.push_back(std::move(row));
  }
  return report;
}

}  // namespace vaso::metrics
