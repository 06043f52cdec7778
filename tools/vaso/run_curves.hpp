// A run's metric series as rows of text: ends, best value, and a small plot with its range.
#pragma once

#include "runs/store.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vaso::cli {

// One series in short. Steps count from 1, as people count epochs.
struct SeriesSummary {
  std::string name;
  double first = 0, last = 0;
  double low = 0, high = 0;    // of its finite values; NaN where there are none
  std::optional<double> best;  // where it is known which direction is better
  std::int64_t best_step = 0;
  std::vector<double> values;
};

SeriesSummary summarise_series(const runs::Store& store, std::int64_t run, const std::string& name);

// A plot of `width` columns between these two values, so that plots of two runs can be compared; see
// report::sparkline.
std::string plot_between(const std::vector<double>& values, double low, double high, std::size_t width);

// How many values lie in each of `bins` stretches on either side of zero, "▁▂▅│█▃▁": what two methods differ by on
// images. Both sides reach as far as the value furthest from zero.
std::string histogram_about_zero(const std::vector<double>& values, std::size_t bins);

}  // namespace vaso::cli
