// Two methods compared image by image: the differences, sorted.
#pragma once

#include "plot/svg.hpp"

#include <string>
#include <vector>

namespace vaso::plot {

struct DifferencePlot {
  std::string title, y_label;
  std::vector<double> differences;  // one for each image, in any order; finite
  bool higher_is_better = true;     // which sign is drawn in the colour of the better
};

Svg draw(const DifferencePlot& plot);

}  // namespace vaso::plot
