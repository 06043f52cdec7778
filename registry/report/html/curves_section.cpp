// Metric series over epochs, every cell a curve with the band of its seeds.
#include "plot/line_chart.hpp"
#include "plot/markup.hpp"
#include "report/html/sections.hpp"
#include "report/known_series.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

namespace vaso::report {
namespace {

constexpr std::size_t most_curves = 10;
constexpr const char* of_masks[] = {"masked_vessel_share", "vessel_share", "guided_patches"};

bool speaks_of_masks(const std::string& series) {
  return std::find(std::begin(of_masks), std::end(of_masks), series) != std::end(of_masks);
}

// What a reader looks at first; the rest is folded away.
bool is_main(const std::string& series) {
  return series == "loss" || series.starts_with("loss.") || series == "val.dice" || series == "val.cl_dice" ||
         series == "val.ap50";
}

std::vector<plot::Point> points_of(const runs::Store& store, std::int64_t run, const std::string& series) {
  std::vector<plot::Point> points;
  for (const runs::Point& point : store.points(run, series)) {
    points.push_back({static_cast<double>(point.step + 1), point.value});  // epochs are logged from 0
  }
  return points;
}

// Series with more than one point in any run: a test is measured once and has no curve.
std::vector<std::string> series_of(const runs::Store& store, const std::vector<SharedCells>& groups) {
  std::set<std::string> names;
  for (const SharedCells& group : groups) {
    for (const runs::Run* run : group.runs) {
      for (std::string& name : store.series(run->id)) {
        if (!name.starts_with("test.")) names.insert(std::move(name));
      }
    }
  }
  std::vector<std::string> ordered(names.begin(), names.end());
  std::stable_partition(ordered.begin(), ordered.end(), is_main);
  return ordered;
}

// The groups that hold one of the cells.
std::vector<SharedCells> those_of(std::vector<SharedCells> groups, const std::vector<std::size_t>& cells) {
  std::erase_if(groups, [&](const SharedCells& group) {
    return std::none_of(group.cells.begin(), group.cells.end(),
                        [&](std::size_t cell) { return std::find(cells.begin(), cells.end(), cell) != cells.end(); });
  });
  return groups;
}

class Curves {
 public:
  Curves(const runs::Store& store, const StudyRuns& runs, const std::vector<Tabled>& tables)
      : store_(store), runs_(runs), drawn_(cells_to_draw(runs, tables, most_curves, left_out_)) {}

  std::vector<SharedCells> groups(const Part& part) const { return those_of(shared_cells(runs_, part), drawn_); }

  // A cell has the same colour in every chart of the page.
  plot::LineChart chart(const Part& part, const std::string& series, const std::vector<SharedCells>& groups) const {
    plot::LineChart chart;
    const std::string title = title_of(series);
    chart.title = part.title() + ": " + title + (title == series ? "" : " (" + series + ")");
    std::size_t repeats = 1;
    for (const SharedCells& group : groups) {
      plot::Curve curve{group.name, colour_of(group.first), {}};
      for (const runs::Run* run : group.runs) {
        std::vector<plot::Point> points = points_of(store_, run->id, series);
        if (!points.empty()) curve.repeats.push_back(std::move(points));
      }
      repeats = std::max(repeats, curve.repeats.size());
      if (!curve.repeats.empty()) chart.curves.push_back(std::move(curve));
    }
    chart.y_label = repeats > 1 ? fmt::format("mean and range of up to {} seeds", repeats) : "one seed";
    chart.x_label = "epoch";
    return chart;
  }

  std::string note() const {
    return left_out_ == 0 ? ""
                          : fmt::format(
                                "<p class=\"note\">{} cells are not drawn: curves are those of the baseline and of "
                                "the best average ranks.</p>\n",
                                left_out_);
  }

 private:
  std::size_t colour_of(std::size_t cell) const {
    const auto place = std::find(drawn_.begin(), drawn_.end(), cell);
    return static_cast<std::size_t>(place - drawn_.begin());
  }

  const runs::Store& store_;
  const StudyRuns& runs_;
  std::size_t left_out_ = 0;
  std::vector<std::size_t> drawn_;
};

bool has_curve(const plot::LineChart& chart) {
  return std::any_of(chart.curves.begin(), chart.curves.end(), [](const plot::Curve& curve) {
    return std::any_of(curve.repeats.begin(), curve.repeats.end(),
                       [](const auto& repeat) { return repeat.size() > 1; });
  });
}

}  // namespace

std::vector<std::size_t> cells_to_draw(const StudyRuns& runs, const std::vector<Tabled>& tables, std::size_t most,
                                       std::size_t& left_out) {
  const std::vector<runs::StudyCell>& cells = runs.study().cells;
  std::vector<std::size_t> order(cells.size());
  for (std::size_t cell = 0; cell < cells.size(); ++cell) order[cell] = cell;
  left_out = cells.size() > most ? cells.size() - most : 0;
  if (left_out == 0) return order;
  const auto rank = [&](std::size_t cell) {
    if (cells[cell].baseline) return 0.0;
    const double average =
        tables.empty() ? std::numeric_limits<double>::quiet_NaN() : tables.front().analysis.average_rank[cell];
    return std::isfinite(average) ? average : std::numeric_limits<double>::infinity();
  };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return rank(a) < rank(b); });
  order.resize(most);
  std::sort(order.begin(), order.end());
  return order;
}

std::string curves_section(Page& page, const runs::Store& store, const StudyRuns& runs,
                           const std::vector<Tabled>& tables) {
  const Curves curves(store, runs, tables);
  std::string html;
  for (const Part& part : runs.parts()) {
    const std::vector<SharedCells> groups = curves.groups(part);
    std::string shown, hidden;
    for (const std::string& series : series_of(store, groups)) {
      if (speaks_of_masks(series)) continue;
      const plot::LineChart chart = curves.chart(part, series, groups);
      if (!has_curve(chart)) continue;
      (is_main(series) ? shown : hidden) += page.figure(plot::draw(chart), part.title() + " " + series);
    }
    if (shown.empty() && hidden.empty()) continue;
    html += fmt::format("<h3>{}</h3>\n", plot::escape(part.title()));
    if (!shown.empty()) html += "<div class=\"plots\">\n" + shown + "</div>\n";
    if (!hidden.empty()) html += folded("other series", "<div class=\"plots\">\n" + hidden + "</div>\n");
  }
  if (html.empty()) return "";
  return "<p class=\"note\">The line is the mean over seeds, the band reaches from the lowest to the highest; dotted "
         "where "
         "not all seeds have come as far.</p>\n" +
         curves.note() + html;
}

std::string masking_section(Page& page, const runs::Store& store, const StudyRuns& runs,
                            const std::vector<Tabled>& tables) {
  const Curves curves(store, runs, tables);
  std::string plots;
  for (const Part& part : runs.parts()) {
    const std::vector<SharedCells> groups = curves.groups(part);
    for (const char* series : {"masked_vessel_share", "guided_patches"}) {
      plot::LineChart chart = curves.chart(part, series, groups);
      if (!has_curve(chart)) continue;
      if (std::string_view(series) == "masked_vessel_share") {
        // Masking at random meets vessels as often as they are there.
        plot::Curve everywhere{"vessel share of all patches", chart.curves.size() < 7 ? 6 : chart.curves.size(), {}};
        everywhere.repeats.push_back(points_of(store, groups.front().runs.front()->id, "vessel_share"));
        if (everywhere.repeats.front().size() > 1) chart.curves.push_back(std::move(everywhere));
      }
      plots += page.figure(plot::draw(chart), part.title() + " " + series);
    }
  }
  if (plots.empty()) return "";
  return "<p>The share of masked patches that hold vessel, by the filter that <code>guidance.filter</code> names, and "
         "the "
         "share of patches that were masked for what the guidance says rather than at random.</p>\n" +
         curves.note() + "<div class=\"plots\">\n" + plots + "</div>\n";
}

}  // namespace vaso::report
