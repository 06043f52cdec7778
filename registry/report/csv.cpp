// RFC 4180: lines end in CRLF, quotes are doubled inside quotes. Full precision, for other programs to compute with.
#include "report/csv_field.hpp"
#include "report/grid.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace vaso::report {
namespace {

std::string line(const std::vector<std::string>& fields) {
  std::string text;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text += ',';
    text += csv_field(fields[i]);
  }
  return text + "\r\n";
}

const char* word_for(const CellAnalysis& cell) {
  if (cell.mark == Mark::best) return "best";
  if (cell.mark == Mark::second) return cell.level_with_best ? "second, level with best" : "second";
  return cell.level_with_best ? "level with best" : "";
}

// Which fields a table has beside mean, sd and n: none that would be empty everywhere.
struct Fields {
  bool interval, missing, tests, marks, rank;

  Fields(const Table& table, const Analysis& analysis, Layout layout)
      : interval(analysis.request.spread != Spread::deviation),
        missing(std::any_of(table.rows.begin(), table.rows.end(),
                            [](const Row& row) {
                              return std::any_of(row.cells.begin(), row.cells.end(),
                                                 [](const Cell& cell) { return !cell.missing.empty(); });
                            })),
        tests(analysis.baseline.has_value()),
        marks(layout != Layout::plain),
        rank(layout == Layout::main) {}

  void name(std::vector<std::string>& header, const std::string& column) const {
    std::vector<std::string> names = {"mean", "sd"};
    if (interval) names.insert(names.end(), {"low", "high"});
    names.emplace_back("n");
    if (missing) names.emplace_back("missing");
    if (marks) names.emplace_back("mark");
    if (tests)
      names.insert(names.end(), {"difference", "pairs", "t", "p t", "p t Holm", "p Wilcoxon", "p Wilcoxon Holm"});
    for (const std::string& name : names) header.push_back(fmt::format("{} {}", column, name));
  }

  void fill(std::vector<std::string>& fields, const Cell& cell, const CellAnalysis& of_cell) const {
    const Summary& summary = of_cell.summary;
    fields.push_back(summary.n > 0 ? exact(summary.mean) : "");
    fields.push_back(summary.n > 1 ? exact(summary.deviation) : "");
    if (interval) {
      for (const double bound : {of_cell.low, of_cell.high}) fields.push_back(summary.n > 1 ? exact(bound) : "");
    }
    fields.push_back(std::to_string(summary.n));
    if (missing) fields.push_back(std::to_string(cell.missing.size()));
    if (marks) fields.emplace_back(word_for(of_cell));
    if (!tests) return;
    fields.push_back(of_cell.difference ? exact(*of_cell.difference) : "");
    if (!of_cell.test) {
      fields.resize(fields.size() + 6);
      return;
    }
    const PairedTest& test = *of_cell.test;
    fields.push_back(std::to_string(test.pairs));
    for (const double value : {test.t, test.p_t, test.p_t_holm, test.p_wilcoxon, test.p_wilcoxon_holm}) {
      fields.push_back(exact(value));
    }
  }
};

}  // namespace

std::string write_csv(const Table& table, const Analysis& analysis, const Appearance& appearance) {
  const Fields fields(table, analysis, appearance.layout);
  std::vector<std::string> header = table.key_names;
  for (const Column& column : table.columns) fields.name(header, column.name());
  if (fields.rank) header.emplace_back("average rank");
  std::string text = line(header);
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    std::vector<std::string> row = table.rows[r].key;
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      fields.fill(row, table.rows[r].cells[c], analysis.cells[r][c]);
    }
    const double rank = analysis.average_rank[r];
    if (fields.rank) row.push_back(std::isnan(rank) ? "" : exact(rank));
    text += line(row);
  }
  return text;
}

}  // namespace vaso::report
