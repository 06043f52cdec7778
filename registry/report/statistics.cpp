#include "report/statistics.hpp"

#include <cmath>
#include <limits>

namespace vaso::report {

Summary summarise(const std::vector<double>& values) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  const auto n = static_cast<double>(values.size());
  if (values.empty()) return {0, unknown, unknown};
  double sum = 0;
  for (const double value : values) sum += value;
  const double mean = sum / n;
  if (values.size() < 2) return {1, mean, unknown};
  double squares = 0;  // second pass: no cancellation where the deviation is small beside the mean
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {values.size(), mean, std::sqrt(squares / (n - 1))};
}

}  // namespace vaso::report
