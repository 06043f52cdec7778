#include "run_curves.hpp"

#include "report/known_series.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace vaso::cli {
namespace {

constexpr std::array levels = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};

const char* level(double share) { return levels[static_cast<std::size_t>(std::clamp(share * 8, 0.0, 7.0))]; }

}  // namespace

SeriesSummary summarise_series(const runs::Store& store, std::int64_t run, const std::string& name) {
  const double unknown = std::numeric_limits<double>::quiet_NaN();
  SeriesSummary series{name, unknown, unknown, unknown, unknown, {}, 0, {}};
  const report::Better better = report::better_direction(name);
  for (const runs::Point& point : store.points(run, name)) {
    series.values.push_back(point.value);
    if (!std::isfinite(point.value)) continue;
    series.low = std::fmin(series.low, point.value);
    series.high = std::fmax(series.high, point.value);
    const bool wins =
        !series.best || (better == report::Better::higher ? point.value > *series.best : point.value < *series.best);
    if (better == report::Better::neither || !wins) continue;
    series.best = point.value;
    series.best_step = point.step + 1;
  }
  if (series.values.empty()) return series;
  series.first = series.values.front();
  series.last = series.values.back();
  return series;
}

std::string plot_between(const std::vector<double>& values, double low, double high, std::size_t width) {
  const std::size_t columns = std::min(width, values.size());
  std::string line;
  for (std::size_t c = 0; c < columns; ++c) {
    const std::size_t first = c * values.size() / columns, last = (c + 1) * values.size() / columns;
    double sum = 0;
    for (std::size_t i = first; i < last; ++i) sum += values[i];
    const double mean = sum / static_cast<double>(last - first);
    line += !std::isfinite(mean) ? "×" : high > low ? level((mean - low) / (high - low)) : levels[3];
  }
  return line;
}

std::string histogram_about_zero(const std::vector<double>& values, std::size_t bins) {
  double furthest = 0;
  for (const double value : values) furthest = std::max(furthest, std::abs(value));
  std::vector<std::size_t> below(bins), above(bins);
  for (const double value : values) {
    if (value == 0 || furthest == 0) continue;
    const auto bin =
        std::min(bins - 1, static_cast<std::size_t>(std::abs(value) / furthest * static_cast<double>(bins)));
    ++(value < 0 ? below[bins - 1 - bin] : above[bin]);
  }
  const std::size_t most =
      std::max(*std::max_element(below.begin(), below.end()), *std::max_element(above.begin(), above.end()));
  const auto side = [&](const std::vector<std::size_t>& counts) {
    std::string line;
    for (const std::size_t count : counts) {
      line += count == 0 ? " " : level(static_cast<double>(count) / static_cast<double>(most) * 0.99);
    }
    return line;
  };
  return side(below) + "│" + side(above);
}

}  // namespace vaso::cli
