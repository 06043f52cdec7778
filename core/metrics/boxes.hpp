// Boxes that are there and boxes that were found, and which of them belong together.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace vaso::metrics {

// In pixels, without "+1": the box around one pixel is 1 wide. `image` orders images: equal scores count in this order.
struct TruthBox {
  std::int64_t image = 0;
  std::int64_t label = 0;  // from 0
  double left = 0, top = 0, width = 0, height = 0;
  double area = 0;     // px², as annotated; decides which size range it belongs to
  bool crowd = false;  // one box around many: neither found nor missed, and what is found in it is no mistake
};

struct FoundBox {
  std::int64_t image = 0;
  std::int64_t label = 0;
  double left = 0, top = 0, width = 0, height = 0;
  double score = 0;
};

// Intersection over union; over the found box's own area where the truth is a crowd.
double iou(const FoundBox& found, const TruthBox& truth);

inline constexpr std::int64_t kUnmatched = -1;

// For every found box the position of the true box it is matched with, or kUnmatched. All are of one image and label;
// `found` comes by descending score, and `ious` has a row a found box and a column a true one. `ignored` (as long as
// truths) marks those that are out of the game, as crowds always are.
//
// As cocoeval's evaluateImg: the best box of at least `threshold`, the later of two equal ones; an ignored one only
// where no other fits; each true box once, but a crowd any number of times.
std::vector<std::int64_t> match(std::span<const double> ious, std::span<const TruthBox* const> truths,
                                const std::vector<bool>& ignored, std::size_t found, double threshold);

}  // namespace vaso::metrics
