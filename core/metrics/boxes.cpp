#include "metrics/boxes.hpp"

#include <algorithm>
#include <numeric>

namespace vaso::metrics {

double iou(const FoundBox& found, const TruthBox& truth) {
  // The order of operations is that of cocoapi's bbIou (common/maskApi.c), so that thresholds fall on the same side.
  const double width = std::min(found.width + found.left, truth.width + truth.left) - std::max(found.left, truth.left);
  const double height = std::min(found.height + found.top, truth.height + truth.top) - std::max(found.top, truth.top);
  if (width <= 0 || height <= 0) return 0;
  const double both = width * height, of_found = found.width * found.height;
  return both / (truth.crowd ? of_found : of_found + truth.width * truth.height - both);
}

std::vector<std::int64_t> match(std::span<const double> ious, std::span<const TruthBox* const> truths,
                                const std::vector<bool>& ignored, std::size_t found, double threshold) {
  std::vector<std::size_t> order(truths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_partition(order.begin(), order.end(), [&](std::size_t truth) { return !ignored[truth]; });

  // Which boxes are taken is remembered by position. cocoeval remembers the annotation's id and takes 0 for "none",
  // so that a file whose ids start at 0 loses its first box (cocodataset/cocoapi pull request 332).
  std::vector<bool> taken(truths.size(), false);
  std::vector<std::int64_t> matches(found, kUnmatched);
  for (std::size_t f = 0; f < found; ++f) {
    double best = std::min(threshold, 1 - 1e-10);
    std::int64_t& chosen = matches[f];
    for (const std::size_t truth : order) {
      if (taken[truth] && !truths[truth]->crowd) continue;
      if (chosen != kUnmatched && !ignored[static_cast<std::size_t>(chosen)] && ignored[truth]) break;
      const double value = ious[f * truths.size() + truth];
      if (value < best) continue;
      best = value;
      chosen = static_cast<std::int64_t>(truth);
    }
    if (chosen != kUnmatched) taken[static_cast<std::size_t>(chosen)] = true;
  }
  return matches;
}

}  // namespace vaso::metrics
