// Learning curves: the mean over seeds as a line, their range as a band.
#pragma once

#include "plot/svg.hpp"

#include <string>
#include <vector>

namespace vaso::plot {

struct Curve {
  std::string name;
  std::size_t series = 0;                   // colour, dashes and marker
  std::vector<std::vector<Point>> repeats;  // one list for each seed, by rising x
};

// Where only some of the repeats have a point (one ended early) the line is dashed: its mean is over fewer. A value
// that is no finite number is a gap. Longer curves are drawn in 160 stretches, each by its mean, lowest and highest
// value. Where the first fifth takes more than half of the range, as losses do, the axis fits the rest, and says so:
// what the curves differ in would be thinner than their lines.
struct LineChart {
  std::string title, x_label, y_label;
  std::vector<Curve> curves;
};

// Nothing to draw gives axes that say so.
Svg draw(const LineChart& chart);

// What is drawn of one curve at one x.
struct BandPoint {
  double x = 0, mean = 0, low = 0, high = 0;
  std::size_t repeats = 0;  // how many have a finite value here
};
std::vector<BandPoint> band_of(const Curve& curve, std::size_t most);

}  // namespace vaso::plot
