#include "metrics/average_precision.hpp"

#include "metrics/mean.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <stdexcept>
#include <tuple>
#include <utility>

namespace vaso::metrics {
namespace {

constexpr std::size_t kThresholds = 10, kRecalls = 101;
constexpr std::size_t kMost = 100;  // boxes an image and class

// numpy's linspace, to the last bit: a box whose IoU is a threshold must fall on the same side.
template <std::size_t n>
constexpr std::array<double, n> linspace(double first, double last) {
  std::array<double, n> values{};
  const double step = (last - first) / static_cast<double>(n - 1);
  for (std::size_t i = 0; i < n; ++i) values[i] = static_cast<double>(i) * step + first;
  values[n - 1] = last;
  return values;
}
constexpr auto thresholds = linspace<kThresholds>(.5, .95);
constexpr auto recalls = linspace<kRecalls>(0, 1);

struct Range {
  double least, most;
  bool has(double area) const { return area >= least && area <= most; }
};
constexpr Range kAll{0, 1e10}, kSmall{0, 32.0 * 32}, kMedium{32.0 * 32, 96.0 * 96}, kLarge{96.0 * 96, 1e10};

// The boxes of one label in one image; found ones by descending score, at most a hundred.
struct Cell {
  std::vector<const TruthBox*> truths;
  std::vector<const FoundBox*> founds;
  std::vector<double> ious;
};
using Cells = std::map<std::int64_t, Cell>;  // by image

// What became of a found box at each threshold.
struct Outcome {
  double score = 0;
  std::size_t rank = 0;  // among its image's boxes
  std::array<bool, kThresholds> matched{}, ignored{};
};

struct Outcomes {
  std::int64_t positives = 0;  // true boxes of the size range
  std::vector<Outcome> by_score;
};

// Averages over thresholds, NaN where there are no positives.
struct Averages {
  std::array<double, kThresholds> precision{}, recall{};

  double ap() const { return mean(precision); }
  double ar() const { return mean(recall); }

 private:
  static double mean(const std::array<double, kThresholds>& values) {
    DefinedMean mean;
    for (const double value : values) mean.add(value);
    return mean.value();
  }
};

std::vector<Cells> gather(std::span<const TruthBox> truths, std::span<const FoundBox> founds, std::int64_t labels) {
  std::vector<Cells> by_label(static_cast<std::size_t>(labels));
  const auto cell = [&](std::int64_t label, std::int64_t image) -> Cell& {
    if (label < 0 || label >= labels) throw std::invalid_argument("a box has a label that there is not");
    return by_label[static_cast<std::size_t>(label)][image];
  };
  for (const TruthBox& truth : truths) cell(truth.label, truth.image).truths.push_back(&truth);
  for (const FoundBox& found : founds) {
    if (std::isnan(found.score)) throw std::invalid_argument("the score of a found box is not a number");
    cell(found.label, found.image).founds.push_back(&found);
  }
  for (Cells& cells : by_label) {
    for (auto& [image, each] : cells) {
      std::stable_sort(each.founds.begin(), each.founds.end(),
                       [](const FoundBox* left, const FoundBox* right) { return left->score > right->score; });
      if (each.founds.size() > kMost) each.founds.resize(kMost);
      for (const FoundBox* found : each.founds) {
        for (const TruthBox* truth : each.truths) each.ious.push_back(iou(*found, *truth));
      }
    }
  }
  return by_label;
}

Outcomes play(const Cells& cells, const Range& range) {
  Outcomes outcomes;
  for (const auto& [image, cell] : cells) {
    std::vector<bool> ignored;
    for (const TruthBox* truth : cell.truths) ignored.push_back(truth->crowd || !range.has(truth->area));
    outcomes.positives += std::count(ignored.begin(), ignored.end(), false);
    const std::size_t first = outcomes.by_score.size();
    for (std::size_t f = 0; f < cell.founds.size(); ++f)
      outcomes.by_score.push_back({cell.founds[f]->score, f, {}, {}});
    for (std::size_t t = 0; t < kThresholds; ++t) {
      const auto matches = match(cell.ious, cell.truths, ignored, cell.founds.size(), thresholds[t]);
      for (std::size_t f = 0; f < cell.founds.size(); ++f) {
        const bool matched = matches[f] != kUnmatched;
        Outcome& outcome = outcomes.by_score[first + f];
        outcome.matched[t] = matched;
        // A box of another size that hits nothing is not a mistake of this size.
        outcome.ignored[t] = matched ? ignored[static_cast<std::size_t>(matches[f])]
                                     : !range.has(cell.founds[f]->width * cell.founds[f]->height);
      }
    }
  }
  std::stable_sort(outcomes.by_score.begin(), outcomes.by_score.end(),
                   [](const Outcome& left, const Outcome& right) { return left.score > right.score; });
  return outcomes;
}

// Mean precision at the 101 recalls, and the last recall, of the boxes among the first `most` of their images.
std::pair<double, double> curve(const Outcomes& outcomes, std::size_t threshold, std::size_t most) {
  std::vector<double> recall, precision;
  double right = 0, wrong = 0;
  for (const Outcome& outcome : outcomes.by_score) {
    if (outcome.rank >= most) continue;
    // cocoeval keeps a point for ignored boxes too, equal to the one before.
    right += outcome.matched[threshold] && !outcome.ignored[threshold];
    wrong += !outcome.matched[threshold] && !outcome.ignored[threshold];
    recall.push_back(right / static_cast<double>(outcomes.positives));
    precision.push_back(right / (wrong + right + std::numeric_limits<double>::epsilon()));
  }
  for (std::size_t i = precision.size(); i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
  double sum = 0;
  for (const double wanted : recalls) {
    const auto place = std::lower_bound(recall.begin(), recall.end(), wanted) - recall.begin();
    if (static_cast<std::size_t>(place) < precision.size()) sum += precision[static_cast<std::size_t>(place)];
  }
  return {sum / kRecalls, recall.empty() ? 0 : recall.back()};
}

Averages average(const Outcomes& outcomes, std::size_t most) {
  Averages averages;
  for (std::size_t t = 0; t < kThresholds; ++t) {
    if (outcomes.positives == 0) {
      averages.precision[t] = averages.recall[t] = kUndefined;
    } else {
      std::tie(averages.precision[t], averages.recall[t]) = curve(outcomes, t, most);
    }
  }
  return averages;
}

CocoFigures figures(const Cells& cells) {
  CocoFigures figures;
  const Outcomes all = play(cells, kAll);
  const Averages hundred = average(all, kMost);
  figures.ap = hundred.ap();
  figures.ap50 = hundred.precision[0];
  figures.ap75 = hundred.precision[5];
  figures.ar1 = average(all, 1).ar();
  figures.ar10 = average(all, 10).ar();
  figures.ar100 = hundred.ar();
  const auto by_size = [&](const Range& range, double& ap, double& ar) {
    const Averages averages = average(play(cells, range), kMost);
    ap = averages.ap();
    ar = averages.ar();
  };
  by_size(kSmall, figures.ap_small, figures.ar_small);
  by_size(kMedium, figures.ap_medium, figures.ar_medium);
  by_size(kLarge, figures.ap_large, figures.ar_large);
  return figures;
}

constexpr double CocoFigures::*kFigures[] = {
    &CocoFigures::ap,        &CocoFigures::ap50,     &CocoFigures::ap75,      &CocoFigures::ap_small,
    &CocoFigures::ap_medium, &CocoFigures::ap_large, &CocoFigures::ar1,       &CocoFigures::ar10,
    &CocoFigures::ar100,     &CocoFigures::ar_small, &CocoFigures::ar_medium, &CocoFigures::ar_large,
};

double minus_one_for_nan(double value) { return std::isnan(value) ? -1 : value; }

}  // namespace

AveragePrecision average_precision(std::span<const TruthBox> truths, std::span<const FoundBox> founds,
                                   std::int64_t labels) {
  AveragePrecision result;
  for (const Cells& cells : gather(truths, founds, labels)) result.labels.push_back(figures(cells));
  for (const auto figure : kFigures) {
    DefinedMean mean;
    for (CocoFigures& label : result.labels) {
      mean.add(label.*figure);
      label.*figure = minus_one_for_nan(label.*figure);
    }
    result.all.*figure = minus_one_for_nan(mean.value());
  }
  return result;
}

}  // namespace vaso::metrics
