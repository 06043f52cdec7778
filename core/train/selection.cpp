#include "train/selection.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace vaso::train {
namespace {

Bag copies(const Bag& weights) {
  Bag kept;
  for (const auto& [name, tensor] : weights) kept[name] = tensor.detach().to(at::kCPU).clone();
  return kept;
}

// Distances fall as predictions get better, everything else rises.
bool falls(const std::string& metric) { return metric.starts_with("hd95") || metric.starts_with("assd"); }

}  // namespace

void Selection::consider(std::int64_t epoch, const metrics::Report& report, const Bag& weights) {
  const auto found = std::find_if(report.metrics.begin(), report.metrics.end(),
                                  [&](const metrics::Metric& metric) { return metric.name == metric_; });
  if (found == report.metrics.end()) {
    std::string known;
    for (const metrics::Metric& metric : report.metrics) known += (known.empty() ? "" : ", ") + metric.name;
    throw std::runtime_error(fmt::format("no metric `{}` to select weights by; there are: {}", metric_, known));
  }
  const double value = falls(metric_) ? -found->value : found->value;
  const bool better = epoch_ < 0 || (std::isfinite(value) && !(value <= best_));
  if (!better) {
    ++stale_;
    return;
  }
  best_ = std::isfinite(value) ? value : -INFINITY;
  epoch_ = epoch;
  stale_ = 0;
  weights_ = copies(weights);
}

void Selection::take_last(std::int64_t epoch, const Bag& weights) {
  epoch_ = epoch;
  weights_ = copies(weights);
  best_ = NAN;
}

std::string Selection::text() const {
  if (epoch_ < 0 || !std::isfinite(best_)) return "";
  return fmt::format("  best {} {:.3f}", metric_, std::abs(best_));
}

Bag Selection::state() const {
  return {{"best", at::scalar_tensor(best_, at::kDouble)},
          {"epoch", at::scalar_tensor(epoch_, at::kLong)},
          {"stale", at::scalar_tensor(stale_, at::kLong)}};
}

void Selection::set_state(const Bag& state, const Bag& weights) {
  best_ = state.at("best").item<double>();
  epoch_ = state.at("epoch").item<std::int64_t>();
  stale_ = state.at("stale").item<std::int64_t>();
  weights_ = weights;
}

}  // namespace vaso::train
