#include "plot/scale.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::plot {
namespace {

// Multiples of 1, 2 or 5 times a power of ten; the least step that has no more than `most` of them in the range.
double nice_step(double range, int most, bool whole) {
  const double least = range / std::max(1, most - 1);
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  double step = 10 * power;
  for (const double times : {1.0, 2.0, 5.0}) {
    if (times * power >= least * (1 - 1e-9)) {
      step = times * power;
      break;
    }
  }
  return whole ? std::max(1.0, std::round(step)) : step;
}

void widen(double& low, double& high, bool whole) {
  if (!std::isfinite(low) || !std::isfinite(high)) {
    low = 0;
    high = 1;
  }
  if (low > high) std::swap(low, high);
  // Ends closer than what doubles and labels resolve.
  if (high - low > 1e-9 * std::max(std::abs(low), std::abs(high)) && high > low) return;
  const double room = whole ? 1 : low == 0 ? 1 : std::abs(low) * 0.05;
  low -= room;
  high += room;
}

std::vector<double> ticks_within(double low, double high, double step) {
  std::vector<double> ticks;
  const double slack = step * 1e-6;
  for (double n = std::ceil((low - slack) / step); n * step <= high + slack; ++n)
    ticks.push_back(n == 0 ? 0 : n * step);
  return ticks;
}

}  // namespace

std::string Scale::label(double tick) const {
  const double largest = std::max(std::abs(low), std::abs(high));
  if (largest >= 1e6 || largest < 1e-3) {
    if (tick == 0) return "0";
    const int digits = static_cast<int>(std::floor(std::log10(std::abs(tick)))) -
                       static_cast<int>(std::floor(std::log10(step) + 1e-9));
    return fmt::format("{:.{}e}", tick, std::clamp(digits, 0, 12));
  }
  const int decimals = std::clamp(-static_cast<int>(std::floor(std::log10(step) + 1e-9)), 0, 12);
  std::string text = fmt::format("{:.{}f}", tick, decimals);
  if (text.starts_with('-')) text.replace(0, 1, "−");  // as wide as a plus, and seen
  return text;
}

Scale tight_scale(double low, double high, int most, bool whole) {
  widen(low, high, whole);
  Scale scale{low, high, {}, nice_step(high - low, std::max(2, most), whole)};
  scale.ticks = ticks_within(low, high, scale.step);
  return scale;
}

Scale nice_scale(double low, double high, int most, bool whole) {
  widen(low, high, whole);
  Scale scale;
  // Rounding the ends outwards can make room for a tick too many: then the next larger step.
  for (int allowed = std::max(2, most);; --allowed) {
    scale.step = nice_step(high - low, allowed, whole);
    scale.low = std::floor(low / scale.step + 1e-9) * scale.step;
    scale.high = std::ceil(high / scale.step - 1e-9) * scale.step;
    scale.ticks = ticks_within(scale.low, scale.high, scale.step);
    if (static_cast<int>(scale.ticks.size()) <= std::max(2, most) || allowed <= 2) return scale;
  }
}

}  // namespace vaso::plot
