// The tables, and a plot of every column that has a better direction.
#include "plot/interval_plot.hpp"
#include "plot/markup.hpp"
#include "report/html/sections.hpp"
#include "report/numbers.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace vaso::report {
namespace {

using plot::escape;

constexpr std::size_t most_plots = 12;

std::vector<double> means_of(const Analysis& analysis, std::size_t column) {
  std::vector<double> means;
  for (const auto& row : analysis.cells) means.push_back(row[column].summary.mean);
  return means;
}

std::string spread_of(const CellAnalysis& cell, Spread spread, Digits digits) {
  if (!std::isfinite(cell.low) || !std::isfinite(cell.high) || cell.summary.n < 2) return "";
  if (spread == Spread::deviation) return " ± " + shown(cell.summary.deviation, digits);
  return fmt::format(" <span class=\"note\">[{}, {}]</span>", shown(cell.low, digits), shown(cell.high, digits));
}

// "failed (run 14)", once for each reason.
std::string missing_text(const Cell& cell) {
  std::vector<std::string> reasons;
  for (const Missing& missing : cell.missing) {
    reasons.push_back(missing.run == 0 ? fmt::format("seed {}: {}", missing.seed, missing.why)
                                       : fmt::format("seed {}: {} (run {})", missing.seed, missing.why, missing.run));
  }
  return escape(fmt::format("{}", fmt::join(reasons, "; ")));
}

std::string cell_html(const Cell& cell, const CellAnalysis& analysed, const AnalysisRequest& request, Digits digits) {
  if (cell.values.empty()) {
    return fmt::format("<td class=\"number missing\">–<small>{}</small></td>", missing_text(cell));
  }
  const char* mark = analysed.mark == Mark::best ? "best" : analysed.mark == Mark::second ? "second" : "";
  std::string html =
      fmt::format("<td class=\"number\"><span class=\"{}\">{}</span>{}{}", mark, shown(analysed.summary.mean, digits),
                  spread_of(analysed, request.spread, digits), analysed.level_with_best ? " ≈" : "");
  std::string below;
  if (analysed.difference) {
    below = (*analysed.difference < 0 ? "−" : "+") + shown(std::abs(*analysed.difference), digits);
    if (analysed.test) {
      const double p = request.test == Test::t ? analysed.test->p_t_holm : analysed.test->p_wilcoxon_holm;
      if (std::isfinite(p)) below += ", " + p_value(p);
    }
  }
  if (!cell.missing.empty()) {
    below += fmt::format("{}n = {}; {}", below.empty() ? "" : "<br/>", cell.values.size(), missing_text(cell));
  }
  if (!below.empty()) html += "<small>" + below + "</small>";
  return html + "</td>";
}

std::string table_html(const Tabled& tabled) {
  const Table& table = tabled.table;
  const Analysis& analysis = tabled.analysis;
  // The average of one rank would say nothing that the column does not.
  const bool ranked = std::count_if(table.columns.begin(), table.columns.end(),
                                    [](const Column& column) { return column.better != Better::neither; }) > 1;
  std::string head;
  for (const std::string& key : table.key_names) head += fmt::format("<th>{}</th>", escape(key));
  std::vector<Digits> digits;
  for (std::size_t c = 0; c < table.columns.size(); ++c) {
    const Column& column = table.columns[c];
    const char* arrow = column.better == Better::higher ? " ↑" : column.better == Better::lower ? " ↓" : "";
    head +=
        fmt::format("<th class=\"number\" title=\"{}\">{}{}</th>", escape(column.name()), escape(column.title), arrow);
    digits.push_back(digits_for(means_of(analysis, c)));
  }
  if (ranked) head += "<th class=\"number\">average rank</th>";
  std::string rows;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const Row& row = table.rows[r];
    rows += row.baseline ? "<tr class=\"baseline\">" : "<tr>";
    for (std::size_t k = 0; k < row.key.size(); ++k) {
      rows += fmt::format("<th>{}{}</th>", escape(row.key[k]),
                          row.baseline && k + 1 == row.key.size() ? " <small class=\"note\">baseline</small>" : "");
    }
    for (std::size_t c = 0; c < row.cells.size(); ++c) {
      rows += cell_html(row.cells[c], analysis.cells[r][c], analysis.request, digits[c]);
    }
    if (ranked) {
      const double rank = analysis.average_rank[r];
      rows += fmt::format("<td class=\"number\">{}</td>", std::isfinite(rank) ? fmt::format("{:.2f}", rank) : "–");
    }
    rows += fmt::format("<td><a href=\"#cell-{}\">runs</a></td></tr>\n", r);
  }
  return fmt::format(
      "<div class=\"wide\"><table><thead><tr>{}<th></th></tr></thead><tbody>\n{}</tbody></table></div>\n", head, rows);
}

std::string spread_words(Spread spread) {
  switch (spread) {
    case Spread::deviation:
      return "mean ± standard deviation over seeds";
    case Spread::t_interval:
      return "mean and t interval over seeds";
    case Spread::bootstrap:
      return "mean and bootstrap interval over seeds";
  }
  return "";
}

plot::IntervalPlot interval_plot(const StudyRuns& runs, const Tabled& tabled, std::size_t column) {
  const Column& of = tabled.table.columns[column];
  plot::IntervalPlot result;
  result.title = of.title + (of.better == Better::higher ? " ↑" : " ↓");
  result.x_label = spread_words(tabled.analysis.request.spread) + "; dots are runs";
  for (std::size_t r = 0; r < tabled.table.rows.size(); ++r) {
    const Cell& cell = tabled.table.rows[r].cells[column];
    const CellAnalysis& analysed = tabled.analysis.cells[r][column];
    plot::IntervalRow row{cell_name(runs.study(), r),   cell.values,  {},
                          analysed.summary.mean,        analysed.low, analysed.high,
                          tabled.table.rows[r].baseline};
    for (std::size_t i = 0; i < cell.values.size(); ++i) {
      row.tips.push_back(fmt::format("seed {}, run {}: {:.6g}", cell.seeds[i], cell.runs[i], cell.values[i]));
    }
    result.rows.push_back(std::move(row));
  }
  return result;
}

bool any_level_with_best(const Analysis& analysis) {
  return std::any_of(analysis.cells.begin(), analysis.cells.end(), [](const std::vector<CellAnalysis>& row) {
    return std::any_of(row.begin(), row.end(), [](const CellAnalysis& cell) { return cell.level_with_best; });
  });
}

// The table with what its signs mean, and the command that prints it.
std::string explained_table(const StudyRuns& runs, const Tabled& tabled, const StudyReportRequest& request) {
  const Analysis& analysis = tabled.analysis;
  std::string metrics;
  for (const Column& column : tabled.table.columns) {
    if (!metrics.empty()) metrics += ',';
    metrics += column.name();
  }
  std::string caption =
      "↑ more is better, ↓ less is better; <b>bold</b> best, <span class=\"second\">underlined</span> second";
  if (any_level_with_best(analysis)) caption += ", ≈ not distinguishable from the best";
  if (analysis.baseline) caption += "; below each number its difference to the baseline";
  return table_html(tabled) +
         fmt::format("<p class=\"caption\">{}. {} {}</p>\n", caption, escape(analysis.caption),
                     escape(analysis.caption_of_best)) +
         command(fmt::format("vaso table {} --metric {}{}", runs.study().name, metrics, request.home_option));
}

}  // namespace

std::string results_section(Page& page, const StudyRuns& runs, const std::vector<Tabled>& tables,
                            const StudyReportRequest& request) {
  if (tables.empty()) return "<p>Nothing has been measured yet.</p>\n";
  const Tabled& main = tables.front();
  std::string html = explained_table(runs, main, request), plots;
  std::size_t drawn = 0, more = 0;
  for (std::size_t c = 0; c < main.table.columns.size(); ++c) {
    if (main.table.columns[c].better == Better::neither) continue;
    if (drawn++ < most_plots) {
      plots += page.figure(plot::draw(interval_plot(runs, main, c)), "means " + main.table.columns[c].name());
    } else {
      ++more;
    }
  }
  if (!plots.empty()) html += "<div class=\"plots\">\n" + plots + "</div>\n";
  if (more > 0) html += fmt::format("<p class=\"note\">{} more columns are not drawn.</p>\n", more);
  for (std::size_t i = 1; i < tables.size(); ++i) {
    html +=
        folded(fmt::format("Table of phase {}", escape(tables[i].phase)), explained_table(runs, tables[i], request));
  }
  return html;
}

}  // namespace vaso::report
