#include "report/numbers.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>

namespace vaso::report {
namespace {

constexpr int significant = 4;
constexpr int most_extra = 3;
constexpr double smallest_plain = 1e-3;
constexpr double largest_plain = 1e6;

bool unequal_look_equal(const std::vector<double>& sorted, Digits digits) {
  return std::adjacent_find(sorted.begin(), sorted.end(), [&](double a, double b) {
           return a != b && shown(a, digits) == shown(b, digits);
         }) != sorted.end();
}

}  // namespace

Digits digits_for(const std::vector<double>& column) {
  std::vector<double> sorted;
  std::copy_if(column.begin(), column.end(), std::back_inserter(sorted), [](double v) { return std::isfinite(v); });
  std::sort(sorted.begin(), sorted.end());
  double largest = 0;
  for (const double value : sorted) largest = std::max(largest, std::abs(value));

  Digits digits;
  digits.scientific = largest > 0 && (largest < smallest_plain || largest >= largest_plain);
  if (digits.scientific) {
    digits.decimals = significant - 1;
  } else if (std::all_of(sorted.begin(), sorted.end(), [](double v) { return v == std::trunc(v); })) {
    return digits;
  } else {
    const int before_point = largest < 1 ? 0 : static_cast<int>(std::floor(std::log10(largest))) + 1;
    digits.decimals = std::max(0, significant - before_point);
  }
  for (int extra = 0; extra < most_extra && unequal_look_equal(sorted, digits); ++extra) ++digits.decimals;
  return digits;
}

std::string shown(double value, Digits digits) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  return digits.scientific ? fmt::format("{:.{}e}", value, digits.decimals)
                           : fmt::format("{:.{}f}", value, digits.decimals);
}

std::string exact(double value) { return std::isfinite(value) ? fmt::format("{}", value) : shown(value, {}); }

}  // namespace vaso::report
