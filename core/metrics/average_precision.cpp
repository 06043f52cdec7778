#include "metrics/average_precision.hpp"

#include "metrics/mean.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <stdexcept>
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
struct BoxCell {
  std::vector<const TruthBox*> truths;
  std::vector<const FoundBox*> founds;
  // Positions of the found boxes that reach the least threshold with some true box, and their IoU with every one: all
  // others are matched with none, whatever threshold and size.
  std::vector<std::size_t> near;
  std::vector<double> ious;
};
using BoxCells = std::map<std::int64_t, BoxCell>;  // by image

// The boxes of one label in all images.
struct Label {
  BoxCells cells;
  // The found boxes by descending score, as places in the order of `cells`; equal scores in that order.
  std::vector<std::uint32_t> by_score;
};

// What became of a found box, a bit for each threshold.
struct Outcome {
  std::uint16_t matched = 0, ignored = 0;
  std::uint16_t rank = 0;  // among its image's boxes
};
constexpr std::uint16_t kEveryThreshold = (1U << kThresholds) - 1;

struct Outcomes {
  std::int64_t positives = 0;     // true boxes of the size range
  std::vector<Outcome> of_found;  // in the order of the cells
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

void find_near(BoxCell& cell) {
  std::vector<double> row(cell.truths.size());
  for (std::size_t f = 0; f < cell.founds.size(); ++f) {
    bool near = false;
    for (std::size_t t = 0; t < row.size(); ++t) {
      row[t] = iou(*cell.founds[f], *cell.truths[t]);
      near |= row[t] >= thresholds[0];
    }
    if (!near) continue;
    cell.near.push_back(f);
    cell.ious.insert(cell.ious.end(), row.begin(), row.end());
  }
}

std::vector<std::uint32_t> places_by_score(const BoxCells& cells) {
  std::vector<std::pair<double, std::uint32_t>> scores;
  for (const auto& [image, cell] : cells) {
    for (const FoundBox* found : cell.founds) {
      scores.emplace_back(found->score, static_cast<std::uint32_t>(scores.size()));
    }
  }
  std::sort(scores.begin(), scores.end(), [](const auto& left, const auto& right) {
    return left.first != right.first ? left.first > right.first : left.second < right.second;
  });
  std::vector<std::uint32_t> places(scores.size());
  std::transform(scores.begin(), scores.end(), places.begin(), [](const auto& score) { return score.second; });
  return places;
}

std::vector<Label> gather(std::span<const TruthBox> truths, std::span<const FoundBox> founds, std::int64_t labels) {
  std::vector<Label> by_label(static_cast<std::size_t>(labels));
  const auto cell = [&](std::int64_t label, std::int64_t image) -> BoxCell& {
    if (label < 0 || label >= labels) throw std::invalid_argument("a box has a label that there is not");
    return by_label[static_cast<std::size_t>(label)].cells[image];
  };
  for (const TruthBox& truth : truths) cell(truth.label, truth.image).truths.push_back(&truth);
  for (const FoundBox& found : founds) {
    if (std::isnan(found.score)) throw std::invalid_argument("the score of a found box is not a number");
    cell(found.label, found.image).founds.push_back(&found);
  }
  for (Label& label : by_label) {
    for (auto& [image, each] : label.cells) {
      std::stable_sort(each.founds.begin(), each.founds.end(),
                       [](const FoundBox* left, const FoundBox* right) { return left->score > right->score; });
      if (each.founds.size() > kMost) each.founds.resize(kMost);
      find_near(each);
    }
    label.by_score = places_by_score(label.cells);
  }
  return by_label;
}

Outcomes play(const Label& label, const Range& range) {
  Outcomes outcomes;
  outcomes.of_found.reserve(label.by_score.size());
  std::vector<bool> ignored;
  for (const auto& [image, cell] : label.cells) {
    ignored.clear();
    for (const TruthBox* truth : cell.truths) ignored.push_back(truth->crowd || !range.has(truth->area));
    outcomes.positives += std::count(ignored.begin(), ignored.end(), false);
    const std::size_t first = outcomes.of_found.size();
    for (std::size_t f = 0; f < cell.founds.size(); ++f) {
      // A box of another size that hits nothing is not a mistake of this size.
      const bool of_size = range.has(cell.founds[f]->width * cell.founds[f]->height);
      outcomes.of_found.push_back({0, of_size ? std::uint16_t{0} : kEveryThreshold, static_cast<std::uint16_t>(f)});
    }
    for (std::size_t t = 0; t < kThresholds && !cell.near.empty(); ++t) {
      const auto matches = match(cell.ious, cell.truths, ignored, cell.near.size(), thresholds[t]);
      const auto bit = static_cast<std::uint16_t>(1U << t);
      for (std::size_t i = 0; i < matches.size(); ++i) {
        if (matches[i] == kUnmatched) continue;
        Outcome& outcome = outcomes.of_found[first + cell.near[i]];
        outcome.matched |= bit;
        if (ignored[static_cast<std::size_t>(matches[i])]) {
          outcome.ignored |= bit;
        } else {
          outcome.ignored &= static_cast<std::uint16_t>(~bit);
        }
      }
    }
  }
  return outcomes;
}

// Mean precision at the 101 recalls. precision: at each box that is right, by descending score; what is wrong in
// between is no point of its own, because neither its recall nor its precision exceeds those of the box before.
double precision_at_recalls(std::vector<double> precision, std::int64_t positives) {
  for (std::size_t i = precision.size(); i-- > 1;) precision[i - 1] = std::max(precision[i - 1], precision[i]);
  double sum = 0;
  std::size_t place = 0;
  for (const double wanted : recalls) {
    while (place < precision.size() && static_cast<double>(place + 1) / static_cast<double>(positives) < wanted) {
      ++place;
    }
    if (place < precision.size()) sum += precision[place];
  }
  return sum / kRecalls;
}

// Of the boxes among the first `most` of their images.
Averages average(const Outcomes& outcomes, const std::vector<std::uint32_t>& by_score, std::size_t most) {
  Averages averages;
  averages.precision.fill(kUndefined);
  averages.recall.fill(kUndefined);
  if (outcomes.positives == 0) return averages;
  std::array<double, kThresholds> right{}, wrong{};
  double wrong_at_all = 0;  // most boxes are
  std::array<std::vector<double>, kThresholds> precision;
  for (const std::uint32_t place : by_score) {
    const Outcome outcome = outcomes.of_found[place];
    if (outcome.rank >= most || outcome.ignored == kEveryThreshold) continue;
    if (outcome.matched == 0 && outcome.ignored == 0) {
      ++wrong_at_all;
      continue;
    }
    for (std::size_t t = 0; t < kThresholds; ++t) {
      const bool counts = (outcome.ignored >> t & 1) == 0, matched = (outcome.matched >> t & 1) != 0;
      wrong[t] += counts && !matched;
      if (!counts || !matched) continue;
      right[t] += 1;
      precision[t].push_back(right[t] / (wrong_at_all + wrong[t] + right[t] + std::numeric_limits<double>::epsilon()));
    }
  }
  for (std::size_t t = 0; t < kThresholds; ++t) {
    averages.precision[t] = precision_at_recalls(std::move(precision[t]), outcomes.positives);
    averages.recall[t] = right[t] / static_cast<double>(outcomes.positives);
  }
  return averages;
}

CocoFigures figures(const Label& label) {
  CocoFigures figures;
  const Outcomes all = play(label, kAll);
  const Averages hundred = average(all, label.by_score, kMost);
  figures.ap = hundred.ap();
  figures.ap50 = hundred.precision[0];
  figures.ap75 = hundred.precision[5];
  figures.ar1 = average(all, label.by_score, 1).ar();
  figures.ar10 = average(all, label.by_score, 10).ar();
  figures.ar100 = hundred.ar();
  const auto by_size = [&](const Range& range, double& ap, double& ar) {
    const Averages averages = average(play(label, range), label.by_score, kMost);
    ap = averages.ap();
    ar = averages.ar();
  };
  by_size(kSmall, figures.ap_small, figures.ar_small);
  by_size(kMedium, figures.ap_medium, figures.ar_medium);
  by_size(kLarge, figures.ap_large, figures.ar_large);
  return figures;
}

constexpr double CocoFigures::*kEveryFigure[] = {
    &CocoFigures::ap,        &CocoFigures::ap50,     &CocoFigures::ap75,      &CocoFigures::ap_small,
    &CocoFigures::ap_medium, &CocoFigures::ap_large, &CocoFigures::ar1,       &CocoFigures::ar10,
    &CocoFigures::ar100,     &CocoFigures::ar_small, &CocoFigures::ar_medium, &CocoFigures::ar_large,
};

double minus_one_for_nan(double value) { return std::isnan(value) ? -1 : value; }

}  // namespace

AveragePrecision average_precision(std::span<const TruthBox> truths, std::span<const FoundBox> founds,
                                   std::int64_t labels) {
  AveragePrecision result;
  for (const Label& label : gather(truths, founds, labels)) result.labels.push_back(figures(label));
  for (const auto figure : kEveryFigure) {
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
