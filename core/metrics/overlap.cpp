#include "metrics/overlap.hpp"

#include <stdexcept>

namespace vaso::metrics {
namespace {

double ratio(const Overlap& counts, std::int64_t above, std::int64_t below, double both_empty) {
  if (counts.truth == 0 && counts.prediction == 0) return both_empty;
  return below == 0 ? 0 : static_cast<double>(above) / static_cast<double>(below);
}

}  // namespace

Overlap& Overlap::operator+=(const Overlap& other) {
  both += other.both;
  truth += other.truth;
  prediction += other.prediction;
  pixels += other.pixels;
  return *this;
}

Overlap overlap(const vision::GreyImage& truth, const vision::GreyImage& prediction) {
  if (truth.height != prediction.height || truth.width != prediction.width) {
    throw std::invalid_argument("truth and prediction have different sizes");
  }
  Overlap counts;
  counts.pixels = truth.height * truth.width;
  for (std::size_t i = 0; i < truth.pixels.size(); ++i) {
    const bool in_truth = truth.pixels[i] != 0, in_prediction = prediction.pixels[i] != 0;
    counts.both += in_truth & in_prediction;
    counts.truth += in_truth;
    counts.prediction += in_prediction;
  }
  return counts;
}

double dice(const Overlap& counts, double both_empty) {
  return ratio(counts, 2 * counts.both, counts.truth + counts.prediction, both_empty);
}
double iou(const Overlap& counts, double both_empty) {
  return ratio(counts, counts.both, counts.truth + counts.prediction - counts.both, both_empty);
}
double precision(const Overlap& counts, double both_empty) {
  return ratio(counts, counts.both, counts.prediction, both_empty);
}
double recall(const Overlap& counts, double both_empty) { return ratio(counts, counts.both, counts.truth, both_empty); }

}  // namespace vaso::metrics
