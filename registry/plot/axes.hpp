// The frame that plots share: a title, two scales with labelled ticks, and a legend below.
#pragma once

#include "plot/scale.hpp"
#include "plot/svg.hpp"

#include <string>
#include <vector>

namespace vaso::plot {

// The rectangle in which data are drawn.
struct Frame {
  double left = 0, top = 0, right = 0, bottom = 0;
  Scale x, y;

  Point at(double x_value, double y_value) const {
    return {left + x.share(x_value) * (right - left), bottom - y.share(y_value) * (bottom - top)};
  }
};

inline constexpr double label_size = 11, title_size = 13;

// Draws a title in as many lines as it takes, and what the numbers upwards are below it. Returns where they end.
double draw_heading(Svg& svg, const std::string& title, const std::string& y_label);
double heading_height(double width, const std::string& title, const std::string& y_label);

// Room for the labels of the upward scale.
double tick_margin(const Scale& y);
// The most ticks whose labels do not touch in so much width.
Scale fitting_scale(double low, double high, double width, bool whole);

// Lines of the grid, labels of the ticks, and the x axis's name; its labels end below_axis further down.
inline constexpr double below_axis = 36;
void draw_axes(Svg& svg, const Frame& frame, const std::string& x_label);

struct LegendEntry {
  std::string name;
  std::size_t series = 0;
};
double legend_height(const std::vector<LegendEntry>& entries, double width);
void draw_legend(Svg& svg, const std::vector<LegendEntry>& entries, double top);

}  // namespace vaso::plot
