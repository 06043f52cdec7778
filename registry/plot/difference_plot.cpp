#include "plot/difference_plot.hpp"

#include "plot/axes.hpp"
#include "plot/text_size.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace vaso::plot {
namespace {

constexpr double width = 480, plot_height = 180, right_margin = 14;

// Bars of neighbouring images as one outline: thousands of them stay small.
void draw_bars(Svg& svg, const Frame& frame, const std::vector<double>& sorted, std::size_t begin, std::size_t end,
               const Colour& colour) {
  if (begin == end) return;
  const double gap = (frame.right - frame.left) / static_cast<double>(sorted.size()) > 4 ? 0.12 : 0;  // a part of a bar
  if (gap > 0) {
    for (std::size_t i = begin; i < end; ++i) {
      const Point zero = frame.at(static_cast<double>(i) + gap, 0);
      const Point tip = frame.at(static_cast<double>(i) + 1 - gap, sorted[i]);
      svg.rectangle({zero.x, std::min(zero.y, tip.y)}, tip.x - zero.x, std::abs(zero.y - tip.y), colour);
    }
    return;
  }
  std::vector<Point> outline = {frame.at(static_cast<double>(begin), 0)};
  for (std::size_t i = begin; i < end; ++i) {
    outline.push_back(frame.at(static_cast<double>(i), sorted[i]));
    outline.push_back(frame.at(static_cast<double>(i) + 1, sorted[i]));
  }
  outline.push_back(frame.at(static_cast<double>(end), 0));
  svg.area(outline, colour, 1);
}

}  // namespace

Svg draw(const DifferencePlot& plot) {
  std::vector<double> sorted = plot.differences;
  std::sort(sorted.begin(), sorted.end());
  const std::size_t below =
      static_cast<std::size_t>(std::lower_bound(sorted.begin(), sorted.end(), 0.0) - sorted.begin());
  const std::size_t above =
      static_cast<std::size_t>(sorted.end() - std::upper_bound(sorted.begin(), sorted.end(), 0.0));
  const auto count = static_cast<double>(sorted.size());
  const double mean = sorted.empty() ? 0 : std::accumulate(sorted.begin(), sorted.end(), 0.0) / count;

  const double top = heading_height(width, plot.title, plot.y_label);
  const double bottom = top + plot_height;
  Svg svg(width, bottom + below_axis + 22, plot.title,
          fmt::format("{} images: {} below zero, {} above, mean {:+.4f}", sorted.size(), below, above, mean));
  draw_heading(svg, plot.title, plot.y_label);
  const double low = sorted.empty() ? 0 : std::min(0.0, sorted.front());
  const double high = sorted.empty() ? 0 : std::max(0.0, sorted.back());
  Frame frame{0, top, width - right_margin, bottom, {}, nice_scale(low, high, 6)};
  frame.left = tick_margin(frame.y);
  frame.x = fitting_scale(0, std::max(1.0, count), frame.right - frame.left, true);
  draw_axes(svg, frame, "test images, sorted by difference");

  const Colour& negative = plot.higher_is_better ? worse : better;
  const Colour& positive = plot.higher_is_better ? better : worse;
  draw_bars(svg, frame, sorted, 0, below, negative);
  draw_bars(svg, frame, sorted, sorted.size() - above, sorted.size(), positive);
  svg.line(frame.at(frame.x.low, 0), frame.at(frame.x.high, 0), {.colour = ink});
  svg.line(frame.at(frame.x.low, mean), frame.at(frame.x.high, mean), {.colour = ink, .width = 1.2, .dashes = "5 3"});

  // What the colours mean, with the counts; the dashed line is the mean.
  const std::string worse_text = fmt::format("{} worse", plot.higher_is_better ? below : above);
  const std::string better_text = fmt::format("{} better", plot.higher_is_better ? above : below);
  const double y = bottom + below_axis + 10;
  double x = 8;
  const auto entry = [&](const std::string& text, const Colour& colour) {
    svg.rectangle({x, y - 9}, 11, 11, colour);
    svg.text({x + 16, y}, text, {});
    x += 16 + text_width(text, label_size) + 14;
  };
  entry(worse_text, worse);
  entry(better_text, better);
  if (const std::size_t equal = sorted.size() - below - above; equal > 0) {
    const std::string text = fmt::format("{} equal", equal);
    svg.text({x, y}, text, {});
    x += text_width(text, label_size) + 14;
  }
  svg.line({x, y - 4}, {x + 20, y - 4}, {.colour = ink, .width = 1.2, .dashes = "5 3"});
  svg.text({x + 26, y}, fmt::format("mean {:+.4f}", mean), {});
  return svg;
}

}  // namespace vaso::plot
