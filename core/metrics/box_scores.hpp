// Scores of found boxes over a set of images: the one place where fine-tuning and `vaso evaluate boxes` get theirs.
#pragma once

#include "metrics/boxes.hpp"
#include "metrics/report.hpp"

#include <set>
#include <string>
#include <vector>

namespace vaso::metrics {

// COCO's twelve figures (ap, ap50, ap75, ap_small, ap_medium, ap_large, ar1, ar10, ar100, ar_small, ar_medium,
// ar_large), ap and the others of every class where there are several, and box_precision, box_recall and box_f1 of the
// boxes with a score of 0.5 or more. Average precision is a figure of a ranking over all images and has no value for
// one image: the last three have, for paired tests.
class BoxScores {
 public:
  // At least one label, no name twice; throws std::invalid_argument.
  explicit BoxScores(std::vector<std::string> labels);

  // One image's boxes, whose own `image` is not looked at. Images count in the order in which they are added; that
  // decides between equal scores, so cocoeval's order is by ascending image id. Throws std::invalid_argument for an
  // image that was added before, for a label that there is not, and for a score that is NaN.
  void add(const std::string& image, std::vector<TruthBox> truths, std::vector<FoundBox> founds);

  std::size_t size() const { return images_.size(); }

  Report report() const;

  struct Hits {
    std::int64_t found_right = 0, found = 0, there = 0;
  };

 private:
  std::vector<std::string> labels_, images_;
  std::set<std::string> names_;
  std::vector<TruthBox> truths_;
  std::vector<FoundBox> founds_;
  std::vector<Hits> hits_;  // by image, at the operating point
};

}  // namespace vaso::metrics
