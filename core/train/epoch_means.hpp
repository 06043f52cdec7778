// Means over an epoch, kept as sums so that a checkpoint in mid-epoch can hold them. What a GPU has yet to compute is
// added there: a step waits for nothing, and whoever asks for a mean does.
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
  // A number that is a tensor, summed in float64 where it is.
  void add(std::string_view series, const at::Tensor& value) {
    if (value.is_cpu()) return add(series, value.item<double>());
    auto& [sum, count] = waiting_[std::string(series)];
    const at::Tensor added = value.detach().to(at::kDouble);
    sum = sum.defined() ? sum + added : added;
    count += 1;
  }
  double mean(const std::string& series) const {
    settle();
    const auto found = sums_.find(series);
    return found == sums_.end() ? 0.0 : found->second.first / found->second.second;
  }
  std::map<std::string, double> means() const {
    settle();
    std::map<std::string, double> result;
    for (const auto& [series, sum] : sums_) result[series] = sum.first / sum.second;
    return result;
  }
  void clear() {
    sums_.clear();
    waiting_.clear();
  }

  Bag state() const {
    settle();
    Bag state;
    for (const auto& [series, sum] : sums_) state[series] = at::tensor({sum.first, sum.second}, at::kDouble);
    return state;
  }
  void set_state(const Bag& state) {
    clear();
    for (const auto& [series, pair] : state) sums_[series] = {pair[0].item<double>(), pair[1].item<double>()};
  }

 private:
  void settle() const {
    for (const auto& [series, sum] : waiting_) {
      auto& [total, count] = sums_[series];
      total += sum.first.item<double>();
      count += sum.second;
    }
    waiting_.clear();
  }

  mutable std::map<std::string, std::pair<double, double>> sums_;         // and how many
  mutable std::map<std::string, std::pair<at::Tensor, double>> waiting_;  // on a GPU
};

}  // namespace vaso::train
