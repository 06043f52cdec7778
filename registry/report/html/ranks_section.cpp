// Which rows differ over all columns at once.
#include "plot/rank_diagram.hpp"
#include "report/html/sections.hpp"
#include "report/ranks.hpp"

#include <fmt/format.h>

#include <cmath>

namespace vaso::report {

std::string ranks_section(Page& page, const std::vector<Tabled>& tables, double level) {
  std::string html;
  for (const Tabled& tabled : tables) {
    if (tabled.table.rows.size() < 3) continue;
    const auto ranks = critical_difference(tabled.table, level, Blocks::columns);
    if (!ranks || ranks->rows.size() < 3 || ranks->blocks < 2) continue;
    plot::RankDiagram diagram;
    diagram.title = fmt::format("{}: average ranks over {} columns", tabled.phase, ranks->blocks);
    for (const std::size_t row : ranks->rows) diagram.names.push_back(tabled.table.rows[row].name());
    diagram.ranks = ranks->average_rank;
    diagram.difference = ranks->difference;
    diagram.groups = ranks->groups;
    std::string caption = fmt::format(
        "Rows joined by a bar cannot be told apart at {:g} (Nemenyi's test; Demšar 2006). Friedman's test: {}.", level,
        std::isfinite(ranks->p) ? fmt::format("χ² = {:.2f}, p = {:.2g}", ranks->chi_squared, ranks->p)
                                : "all ranks are tied");
    if (const std::size_t missing = tabled.table.rows.size() - ranks->rows.size(); missing > 0) {
      caption += fmt::format(" {} rows without a value in every column are left out.", missing);
    }
    html += page.figure(plot::draw(diagram), "ranks " + tabled.phase, caption);
  }
  if (html.empty()) return "";
  return "<p class=\"note\">The test takes columns for independent measurements. Metrics of one task are not: with "
         "them "
         "it finds differences too easily.</p>\n<div class=\"plots\">\n" +
         html + "</div>\n";
}

}  // namespace vaso::report
