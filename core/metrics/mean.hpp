// A mean over what is defined, and how much is not.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

namespace vaso::metrics {

inline constexpr double kUndefined = std::numeric_limits<double>::quiet_NaN();

// Leaves NaN out, and counts it.
class DefinedMean {
 public:
  void add(double value) {
    if (std::isnan(value)) {
      ++undefined_;
      return;
    }
    sum_ += value;
    ++count_;
  }
  double value() const { return count_ == 0 ? kUndefined : sum_ / static_cast<double>(count_); }
  std::int64_t undefined() const { return undefined_; }

 private:
  double sum_ = 0;
  std::int64_t count_ = 0, undefined_ = 0;
};

}  // namespace vaso::metrics
