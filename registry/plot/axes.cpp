#include "plot/axes.hpp"

#include "plot/text_size.hpp"

#include <algorithm>
#include <functional>

namespace vaso::plot {
namespace {

constexpr double edge = 8;  // to the border of the drawing
constexpr double line_height = 16;
constexpr double swatch = 24, swatch_gap = 6, entry_gap = 16;

// Calls `place` with the corner of every entry; returns the number of lines.
int flow(const std::vector<LegendEntry>& entries, double width,
         const std::function<void(const LegendEntry&, double x, int line)>& place) {
  double x = edge;
  int line = 0;
  for (const LegendEntry& entry : entries) {
    const double needed = std::min(swatch + swatch_gap + text_width(entry.name, label_size), width - 2 * edge);
    if (x > edge && x + needed > width - edge) {
      x = edge;
      ++line;
    }
    place(entry, x, line);
    x += needed + entry_gap;
  }
  return entries.empty() ? 0 : line + 1;
}

}  // namespace

double heading_height(double width, const std::string& title, const std::string& y_label) {
  const auto lines = static_cast<double>(wrapped(title, title_size, width - 2 * edge).size());
  return lines * line_height + (y_label.empty() ? 0 : line_height) + 14;
}

double draw_heading(Svg& svg, const std::string& title, const std::string& y_label) {
  double y = 4;
  for (const std::string& line : wrapped(title, title_size, svg.width() - 2 * edge)) {
    svg.text({edge, y += line_height}, line, {.size = title_size, .bold = true});
  }
  if (!y_label.empty()) {
    svg.text({edge, y + line_height}, shortened(y_label, label_size, svg.width() - 2 * edge),
             {.colour = faint, .size = label_size});
  }
  return heading_height(svg.width(), title, y_label);
}

double tick_margin(const Scale& y) {
  double widest = 0;
  for (const double tick : y.ticks) widest = std::max(widest, text_width(y.label(tick), label_size));
  return edge + widest + 6;
}

Scale fitting_scale(double low, double high, double width, bool whole) {
  for (int most = 9;; --most) {
    Scale scale = tight_scale(low, high, most, whole);
    if (most <= 2 || scale.ticks.size() < 2) return scale;
    double widest = 0;
    for (const double tick : scale.ticks) widest = std::max(widest, text_width(scale.label(tick), label_size));
    const double apart = scale.step / (scale.high - scale.low) * width;
    if (widest + 12 <= apart) return scale;
  }
}

void draw_axes(Svg& svg, const Frame& frame, const std::string& x_label) {
  for (const double tick : frame.y.ticks) {
    const double y = frame.at(frame.x.low, tick).y;
    svg.line({frame.left, y}, {frame.right, y}, {.colour = grid});
    svg.text({frame.left - 6, y + 4}, frame.y.label(tick),
             {.anchor = Letters::Anchor::end, .colour = faint, .size = label_size});
  }
  svg.line({frame.left, frame.bottom}, {frame.right, frame.bottom}, {.colour = faint});
  for (const double tick : frame.x.ticks) {
    const double x = frame.at(tick, frame.y.low).x;
    svg.line({x, frame.bottom}, {x, frame.bottom + 4}, {.colour = faint});
    svg.text({x, frame.bottom + 16}, frame.x.label(tick),
             {.anchor = Letters::Anchor::middle, .colour = faint, .size = label_size});
  }
  svg.text({(frame.left + frame.right) / 2, frame.bottom + 31}, x_label,
           {.anchor = Letters::Anchor::middle, .colour = faint, .size = label_size});
}

double legend_height(const std::vector<LegendEntry>& entries, double width) {
  return flow(entries, width, [](const LegendEntry&, double, int) {}) * line_height;
}

void draw_legend(Svg& svg, const std::vector<LegendEntry>& entries, double top) {
  flow(entries, svg.width(), [&](const LegendEntry& entry, double x, int line) {
    const double y = top + line * line_height + 8;
    const Colour& colour = series_colour(entry.series);
    svg.line({x, y}, {x + swatch, y}, {.colour = colour, .width = 2, .dashes = dashes(entry.series)});
    svg.marker(series_marker(entry.series), {x + swatch / 2, y}, 3.5, colour);
    const double room = svg.width() - edge - x - swatch - swatch_gap;
    svg.text({x + swatch + swatch_gap, y + 4}, shortened(entry.name, label_size, room), {.size = label_size});
  });
}

}  // namespace vaso::plot
