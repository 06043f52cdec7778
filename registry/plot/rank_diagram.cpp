#include "plot/rank_diagram.hpp"

#include "plot/axes.hpp"
#include "plot/text_size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace vaso::plot {
namespace {

constexpr double width = 480, edge = 8, row_height = 20, widest_names = 190, bar_gap = 8;

}  // namespace

Svg draw(const RankDiagram& diagram) {
  std::vector<std::size_t> order(diagram.names.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return diagram.ranks[a] < diagram.ranks[b]; });
  double names_width = 0;
  for (const std::string& name : diagram.names) names_width = std::max(names_width, text_width(name, label_size));
  names_width = std::min(names_width, widest_names);
  const double value_width = text_width("00.00", label_size);

  const auto worst = static_cast<double>(std::max<std::size_t>(2, diagram.names.size()));
  const Scale scale = tight_scale(1, worst, std::min(9, static_cast<int>(worst)), true);
  const double left = edge + names_width + value_width + 24, right = width - 20;
  const auto x_of = [&](double rank) { return left + scale.share(rank) * (right - left); };

  const double top = heading_height(width, diagram.title, "average rank") + 20;  // of the bar that shows the difference
  const double axis = top + 36;
  const double bars = axis + 12;
  const double rows = bars + bar_gap * static_cast<double>(diagram.groups.size()) + 8;
  Svg svg(width, rows + row_height * static_cast<double>(order.size()) + 6, diagram.title,
          fmt::format("average ranks of {} rows; critical difference {:.2f}", order.size(), diagram.difference));
  draw_heading(svg, diagram.title, "average rank, 1 is best");

  // The bar is as long as the axis where no two ranks can differ.
  const double shown = std::min(diagram.difference, worst - 1);
  const double end = x_of(1 + shown);
  svg.line({x_of(1), top}, {end, top}, {.colour = ink, .width = 1.5});
  for (const double x : {x_of(1), end}) svg.line({x, top - 4}, {x, top + 4}, {.colour = ink, .width = 1.5});
  const std::string difference = fmt::format("critical difference {:.2f}{}", diagram.difference,
                                             shown < diagram.difference ? ", beyond the axis" : "");
  const double text_end = x_of(1) + text_width(difference, label_size);
  if (text_end <= width - edge) {
    svg.text({x_of(1), top - 8}, difference, {.colour = faint});
  } else {
    svg.text({width - edge, top - 8}, difference, {.anchor = Letters::Anchor::end, .colour = faint});
  }

  svg.line({left, axis}, {right, axis}, {.colour = ink});
  for (const double tick : scale.ticks) {
    svg.line({x_of(tick), axis - 5}, {x_of(tick), axis}, {.colour = ink});
    svg.text({x_of(tick), axis - 9}, scale.label(tick), {.anchor = Letters::Anchor::middle, .colour = faint});
  }
  for (std::size_t row = 0; row < order.size(); ++row) {
    const double y = rows + row_height * (static_cast<double>(row) + 0.5);
    const double rank = diagram.ranks[order[row]], x = x_of(rank);
    // With the best on top and on the left, no line crosses another.
    svg.polyline({{x, axis}, {x, y}, {left - 12, y}}, {.colour = faint});
    svg.marker(Marker::circle, {x, axis}, 3, ink);
    svg.text({edge, y + 4}, shortened(diagram.names[order[row]], label_size, names_width), {});
    svg.text({left - 18, y + 4}, fmt::format("{:.2f}", rank), {.anchor = Letters::Anchor::end, .colour = faint});
  }
  for (std::size_t g = 0; g < diagram.groups.size(); ++g) {
    double low = worst, high = 1;
    for (const std::size_t member : diagram.groups[g]) {
      low = std::min(low, diagram.ranks[member]);
      high = std::max(high, diagram.ranks[member]);
    }
    const double y = bars + bar_gap * static_cast<double>(g);
    svg.line({x_of(low) - 4, y}, {x_of(high) + 4, y}, {.colour = better, .width = 4});
  }
  return svg;
}

}  // namespace vaso::plot
