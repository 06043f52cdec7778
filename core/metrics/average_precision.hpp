// COCO's detection figures, as pycocotools' cocoeval computes them (cocodataset/cocoapi, PythonAPI/pycocotools/
// cocoeval.py, 8c9bcc3): IoU thresholds .50:.05:.95, 101 recalls, 1, 10 or 100 boxes an image and class, size ranges by
// area: small up to 32², medium from 32² to 96², large from 96², bounds included.
//
// One difference: cocoeval takes a true box whose annotation id is 0 for unmatched. Boxes have no ids here.
#pragma once

#include "metrics/boxes.hpp"

#include <span>
#include <vector>

namespace vaso::metrics {

// −1 where the truth has no box that the figure is about.
struct CocoFigures {
  double ap = -1, ap50 = -1, ap75 = -1;                 // at most 100 boxes an image and class
  double ap_small = -1, ap_medium = -1, ap_large = -1;  // by the size of the true box
  double ar1 = -1, ar10 = -1, ar100 = -1;               // average recall with so many boxes
  double ar_small = -1, ar_medium = -1, ar_large = -1;  // with 100
};

struct AveragePrecision {
  CocoFigures all;                  // means over the labels that the truth has
  std::vector<CocoFigures> labels;  // of each
};

// `labels`: how many there are. Boxes come in any order of images; within one, truth boxes in the file's order, which
// decides between equal IoUs, and found boxes in the file's order, which decides between equal scores. Throws
// std::invalid_argument for a label outside 0 … labels − 1 and for a score that is NaN.
AveragePrecision average_precision(std::span<const TruthBox> truths, std::span<const FoundBox> founds,
                                   std::int64_t labels);

}  // namespace vaso::metrics
