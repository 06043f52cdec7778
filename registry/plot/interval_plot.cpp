#include "plot/interval_plot.hpp"

#include "plot/axes.hpp"
#include "plot/text_size.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace vaso::plot {
namespace {

constexpr double width = 480, edge = 8, widest_names = 190, line_height = 13, row_gap = 10;
constexpr const char* dashed = "4 3";

}  // namespace

Svg draw(const IntervalPlot& plot) {
  double names_width = 0, low = std::numeric_limits<double>::infinity(), high = -low;
  std::vector<std::vector<std::string>> names;
  double rows_height = 0;
  const auto include = [&](double value) {
    if (!std::isfinite(value)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  };
  for (const IntervalRow& row : plot.rows) {
    names.push_back(wrapped(row.name, label_size, widest_names));
    for (std::string& line : names.back()) {
      line = shortened(line, label_size, widest_names);
      names_width = std::max(names_width, text_width(line, label_size));
    }
    rows_height += line_height * static_cast<double>(std::max<std::size_t>(1, names.back().size())) + row_gap;
    for (const double value : {row.mean, row.low, row.high}) include(value);
    for (const double value : row.values) include(value);
  }
  const double top = heading_height(width, plot.title, "");
  const double bottom = top + rows_height;
  Svg svg(width, bottom + below_axis + 4, plot.title, plot.x_label + ", means with intervals");
  draw_heading(svg, plot.title, "");
  Frame frame{edge + names_width + 12, top, width - 18, bottom, {}, {}};
  const double room = (high - low) * 0.04;
  frame.x = fitting_scale(low - room, high + room, frame.right - frame.left, false);
  for (const double tick : frame.x.ticks) {
    svg.line({frame.at(tick, 0).x, top}, {frame.at(tick, 0).x, bottom}, {.colour = grid});
  }
  draw_axes(svg, frame, plot.x_label);
  for (const IntervalRow& row : plot.rows) {
    if (!row.baseline || !std::isfinite(row.mean)) continue;
    const double x = frame.at(row.mean, 0).x;
    svg.line({x, top}, {x, bottom}, {.colour = faint, .dashes = dashed});
  }
  double y = top;
  for (std::size_t r = 0; r < plot.rows.size(); ++r) {
    const IntervalRow& row = plot.rows[r];
    const auto lines = static_cast<double>(std::max<std::size_t>(1, names[r].size()));
    const double middle = y + (line_height * lines + row_gap) / 2;
    for (std::size_t i = 0; i < names[r].size(); ++i) {
      svg.text({edge, middle + 4 + line_height * (static_cast<double>(i) - (lines - 1) / 2)}, names[r][i],
               {.bold = row.baseline});
    }
    y += line_height * lines + row_gap;
    if (!std::isfinite(row.mean)) {
      svg.text({(frame.left + frame.right) / 2, middle + 4}, "no value",
               {.anchor = Letters::Anchor::middle, .colour = faint});
      continue;
    }
    const auto x_of = [&](double value) { return frame.at(value, 0).x; };
    if (std::isfinite(row.low) && std::isfinite(row.high)) {
      svg.line({x_of(row.low), middle}, {x_of(row.high), middle}, {.colour = better, .width = 2});
      for (const double value : {row.low, row.high}) {
        svg.line({x_of(value), middle - 4}, {x_of(value), middle + 4}, {.colour = better, .width = 2});
      }
    }
    svg.marker(row.baseline ? Marker::diamond : Marker::circle, {x_of(row.mean), middle}, 5, better);
    for (std::size_t i = 0; i < row.values.size(); ++i) {
      if (!std::isfinite(row.values[i])) continue;
      svg.marker(Marker::circle, {x_of(row.values[i]), middle}, 2.2, worse, i < row.tips.size() ? row.tips[i] : "");
    }
  }
  return svg;
}

}  // namespace vaso::plot
