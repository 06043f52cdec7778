// Means with their intervals, one row below the other, and every value they were made of.
#pragma once

#include "plot/svg.hpp"

#include <string>
#include <vector>

namespace vaso::plot {

struct IntervalRow {
  std::string name;
  std::vector<double> values;     // one for each seed
  std::vector<std::string> tips;  // parallel: "seed 2, run 14: 0.8123"
  double mean = 0;                // NaN: nothing to draw
  double low = 0, high = 0;       // NaN: no interval
  bool baseline = false;
};

struct IntervalPlot {
  std::string title, x_label;
  std::vector<IntervalRow> rows;
};

// A dashed line goes through the baseline's mean; its marker is a diamond.
Svg draw(const IntervalPlot& plot);

}  // namespace vaso::plot
