// Which weights of a fine-tuning are kept: those that did best on the validation images.
#pragma once

#include "metrics/report.hpp"
#include "sdk/component.hpp"

#include <cstdint>
#include <string>

namespace vaso::train {

class Selection {
 public:
  // patience: validations in a row without a better one after which training should end; 0 = never.
  Selection(std::string metric, std::int64_t patience) : metric_(std::move(metric)), patience_(patience) {}

  // Keeps a copy of the weights where the report's metric is better than every earlier one. A value that is no number
  // is worse than any. Throws std::runtime_error naming the metrics there are where this one is not among them.
  void consider(std::int64_t epoch, const metrics::Report& report, const Bag& weights);
  // Where there is nothing to select by, the last weights are those.
  void take_last(std::int64_t epoch, const Bag& weights);

  bool exhausted() const { return patience_ > 0 && stale_ >= patience_; }
  const std::string& metric() const { return metric_; }
  std::int64_t epoch() const { return epoch_; }  // of the kept weights, from 0
  const Bag& weights() const { return weights_; }
  std::string text() const;  // "  best dice 0.712", "" before the first

  Bag state() const;
  void set_state(const Bag& state, const Bag& weights);

 private:
  std::string metric_;
  std::int64_t patience_, epoch_ = -1, stale_ = 0;
  double best_ = -1;
  Bag weights_;
};

}  // namespace vaso::train
