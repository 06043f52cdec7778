// Means over an epoch, kept as sums so that a checkpoint in mid-epoch can hold them.
#pragma once

#include <ATen/ATen.h>

#include "sdk/component.hpp"

#include <map>
#include <string>
#include <string_view>

namespace vaso::train {

class EpochMeans {
 public:
  void add(std::string_view series, double value) {
    auto& [sum, count] = sums_[std::string(series)];
    sum += value;
    count += 1;
  }
  double mean(const std::string& series) const {
    const auto found = sums_.find(series);
    return found == sums_.end() ? 0.0 : found->second.first / found->second.second;
  }
  std::map<std::string, double> means() const {
    std::map<std::string, double> result;
    for (const auto& [series, sum] : sums_) result[series] = sum.first / sum.second;
    return result;
  }
  void clear() { sums_.clear(); }

  Bag state() const {
    Bag state;
    for (const auto& [series, sum] : sums_) state[series] = at::tensor({sum.first, sum.second}, at::kDouble);
    return state;
  }
  void set_state(const Bag& state) {
    sums_.clear();
    for (const auto& [series, pair] : state) sums_[series] = {pair[0].item<double>(), pair[1].item<double>()};
  }

 private:
  std::map<std::string, std::pair<double, double>> sums_;
};

}  // namespace vaso::train
