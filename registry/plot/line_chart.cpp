#include "plot/line_chart.hpp"

#include "plot/axes.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <tuple>

namespace vaso::plot {
namespace {

constexpr double width = 480, plot_height = 210, right_margin = 14;
constexpr std::size_t most_points = 160;
constexpr std::size_t markers_per_curve = 6;

struct Drawn {
  const Curve* curve;
  std::vector<BandPoint> points;
};

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  void include(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  double length() const { return high - low; }
};

// Of the values at `from` and later.
Range range_of(const std::vector<Drawn>& curves, double from) {
  Range range;
  for (const Drawn& drawn : curves) {
    for (const BandPoint& point : drawn.points) {
      if (point.repeats == 0 || point.x < from) continue;
      range.include(point.low);
      range.include(point.high);
    }
  }
  return range;
}

void draw_band(Svg& svg, const Frame& frame, const Drawn& drawn) {
  std::vector<Point> outline;
  const auto close = [&](std::size_t begin, std::size_t end) {
    outline.clear();
    for (std::size_t i = begin; i < end; ++i) outline.push_back(frame.at(drawn.points[i].x, drawn.points[i].high));
    for (std::size_t i = end; i > begin; --i) {
      outline.push_back(frame.at(drawn.points[i - 1].x, drawn.points[i - 1].low));
    }
    svg.area(outline, series_colour(drawn.curve->series), 0.18);
  };
  for (std::size_t begin = 0; begin < drawn.points.size();) {  // stretches without a gap
    std::size_t end = begin;
    while (end < drawn.points.size() && drawn.points[end].repeats > 0) ++end;
    if (drawn.curve->repeats.size() > 1) close(begin, end);
    begin = end + 1;
  }
}

void draw_mean(Svg& svg, const Frame& frame, const Drawn& drawn) {
  const Colour& colour = series_colour(drawn.curve->series);
  const std::vector<BandPoint>& points = drawn.points;
  const auto all_there = [&](std::size_t i) { return points[i].repeats == drawn.curve->repeats.size(); };
  for (std::size_t i = 0; i + 1 < points.size();) {  // stretches of one kind
    if (points[i].repeats == 0 || points[i + 1].repeats == 0) {
      ++i;
      continue;
    }
    const bool whole = all_there(i) && all_there(i + 1);
    std::vector<Point> stretch = {frame.at(points[i].x, points[i].mean)};
    while (i + 1 < points.size() && points[i + 1].repeats > 0 && (all_there(i) && all_there(i + 1)) == whole) {
      ++i;
      stretch.push_back(frame.at(points[i].x, points[i].mean));
    }
    svg.polyline(stretch, {.colour = colour, .width = 1.8, .dashes = whole ? dashes(drawn.curve->series) : "3 3"});
  }
  // Markers of neighbouring series are set off against each other, so that they do not hide each other.
  const std::size_t count = points.size();
  const std::size_t every = std::max<std::size_t>(1, count / markers_per_curve);
  for (std::size_t i = count < 2 ? 0 : drawn.curve->series * every / 4 % every; i < count; i += every) {
    if (points[i].repeats > 0) {
      svg.marker(series_marker(drawn.curve->series), frame.at(points[i].x, points[i].mean), 3, colour);
    }
  }
}

}  // namespace

std::vector<BandPoint> band_of(const Curve& curve, std::size_t most) {
  std::map<double, std::vector<double>> by_x;
  for (const std::vector<Point>& repeat : curve.repeats) {
    for (const Point& point : repeat) {
      std::vector<double>& values = by_x[point.x];
      if (std::isfinite(point.y)) values.push_back(point.y);
    }
  }
  std::vector<BandPoint> points;
  for (const auto& [x, values] : by_x) {
    BandPoint point{x, 0, 0, 0, values.size()};
    for (const double value : values) point.mean += value / static_cast<double>(values.size());
    if (!values.empty())
      std::tie(point.low, point.high) = [&] {
        const auto [low, high] = std::minmax_element(values.begin(), values.end());
        return std::pair(*low, *high);
      }();
    points.push_back(point);
  }
  if (points.size() <= most) return points;
  std::vector<BandPoint> fewer;
  for (std::size_t stretch = 0; stretch < most; ++stretch) {
    const std::size_t begin = stretch * points.size() / most, end = (stretch + 1) * points.size() / most;
    BandPoint joined{0, 0, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), 0};
    double there = 0;
    for (std::size_t i = begin; i < end; ++i) {
      joined.x += points[i].x / static_cast<double>(end - begin);
      if (points[i].repeats == 0) continue;
      joined.mean += points[i].mean;
      joined.low = std::min(joined.low, points[i].low);
      joined.high = std::max(joined.high, points[i].high);
      joined.repeats = there == 0 ? points[i].repeats : std::min(joined.repeats, points[i].repeats);
      ++there;
    }
    if (there > 0) joined.mean /= there;
    fewer.push_back(joined);
  }
  return fewer;
}

Svg draw(const LineChart& chart) {
  std::vector<Drawn> curves;
  std::vector<LegendEntry> legend;
  Range x;
  bool whole = true;
  std::size_t longest = 0;
  for (const Curve& curve : chart.curves) {
    curves.push_back({&curve, band_of(curve, most_points)});
    legend.push_back({curve.name, curve.series});
    longest = std::max(longest, curves.back().points.size());
    for (const BandPoint& point : curves.back().points) x.include(point.x);
    for (const std::vector<Point>& repeat : curve.repeats) {
      for (const Point& point : repeat) whole = whole && point.x == std::floor(point.x);
    }
  }
  Range y = range_of(curves, x.low);
  const Range later = range_of(curves, x.low + 0.2 * (x.high - x.low));
  const bool cut = longest >= 10 && later.length() > 0 && later.length() < y.length() / 2;
  if (cut) {
    const double room = 0.25 * later.length();  // to see where the curves come from
    y = {std::max(y.low, later.low - room), std::min(y.high, later.high + room)};
  }
  const std::string y_label = chart.y_label + (cut ? "; the first values lie beyond the axis" : "");
  const double top = heading_height(width, chart.title, y_label);
  const double bottom = top + plot_height;
  Svg svg(width, bottom + below_axis + legend_height(legend, width) + 8, chart.title,
          y_label + ", over " + chart.x_label);
  draw_heading(svg, chart.title, y_label);

  Frame frame{0, top, width - right_margin, bottom, {}, nice_scale(y.low, y.high, 6)};
  frame.left = tick_margin(frame.y);
  frame.x = fitting_scale(x.low, x.high, frame.right - frame.left, whole);
  draw_axes(svg, frame, chart.x_label);
  if (y.low > y.high) {
    svg.text({(frame.left + frame.right) / 2, (top + bottom) / 2}, "no values",
             {.anchor = Letters::Anchor::middle, .colour = faint});
  }
  constexpr double markers = 5;  // those at the ends of curves reach beyond the frame
  svg.begin_clip({frame.left - markers, top - markers}, frame.right - frame.left + 2 * markers,
                 plot_height + 2 * markers);
  for (const Drawn& drawn : curves) draw_band(svg, frame, drawn);
  for (const Drawn& drawn : curves) draw_mean(svg, frame, drawn);
  svg.end_clip();
  draw_legend(svg, legend, bottom + below_axis);
  return svg;
}

}  // namespace vaso::plot
