#include "report/footnotes.hpp"

#include "report/numbers.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <set>

namespace vaso::report {
namespace {

constexpr std::size_t shown_values = 4, shown_names = 4, shown_runs = 6, shown_length = 32;

std::string brief(const std::string& value) {
  if (value.size() <= shown_length) return value;
  std::size_t end = shown_length;
  while ((static_cast<unsigned char>(value[end]) & 0xC0) == 0x80) --end;  // not in the middle of a letter
  return value.substr(0, end) + "…";
}

template <class Item>
std::string list(const std::vector<Item>& items, std::size_t most) {
  const std::vector<Item> first(items.begin(),
                                items.begin() + static_cast<std::ptrdiff_t>(std::min(items.size(), most)));
  return fmt::format("{}{}", fmt::join(first, ", "), items.size() > most ? ", …" : "");
}

std::string rows_of(const Finding::Value& value, const Table& table) {
  std::vector<std::string> names;
  for (const std::size_t row : value.rows) names.push_back(table.rows[row].name());
  return list(names, shown_names);
}

std::string runs_of(const Finding::Value& value) {
  return fmt::format("run{} {}", value.runs.size() == 1 ? "" : "s", list(value.runs, shown_runs));
}

std::string gap(const Missing& missing) {
  return fmt::format("seed {} {}{}", missing.seed, missing.why,
                     missing.run == 0 ? "" : fmt::format(" (run {})", missing.run));
}

std::string gaps(const Cell& cell) {
  std::vector<std::string> texts;
  for (const Missing& missing : cell.missing) texts.push_back(gap(missing));
  const bool alike = std::all_of(cell.missing.begin(), cell.missing.end(), [&](const Missing& missing) {
    return missing.run == 0 && missing.why == cell.missing.front().why;
  });
  if (alike && cell.values.empty()) return cell.missing.front().why;
  return list(texts, shown_names);
}

std::string p_text(double p) { return std::isnan(p) ? "–" : fmt::format("{:.3g}", p); }

void add_comparison(std::vector<std::vector<std::string>>& rows, const std::string& row, const std::string& column,
                    const PairedTest& test, Digits digits) {
  rows.push_back({row, column, std::to_string(test.pairs),
                  fmt::format("{}{}", test.mean_difference > 0 ? "+" : "", shown(test.mean_difference, digits)),
                  std::isnan(test.t) ? "–" : fmt::format("{:.3f}", test.t), p_text(test.p_t), p_text(test.p_t_holm),
                  p_text(test.p_wilcoxon), p_text(test.p_wilcoxon_holm)});
}

// One number of digits for all differences of a column.
Digits digits_of(const Analysis& analysis, std::size_t column) {
  std::vector<double> differences;
  for (const auto& row : analysis.cells) {
    if (row[column].test) differences.push_back(row[column].test->mean_difference);
  }
  return digits_for(differences);
}

}  // namespace

std::string text_of(const Finding& finding, const Table& table) {
  const std::string where = finding.phase.empty() ? "" : finding.phase + ": ";
  if (!finding.is_difference())
    return fmt::format("{}{}: {}", where, finding.property, runs_of(finding.values.front()));
  const bool within = finding.kind == Finding::Kind::within_row;
  std::vector<std::string> values;
  for (const Finding::Value& value : finding.values) {
    const std::string row = table.key_names.empty() ? "" : rows_of(value, table);
    values.push_back(within
                         ? fmt::format("{} ({}{}{})", brief(value.text), row, row.empty() ? "" : ": ", runs_of(value))
                         : fmt::format("{} ({})", brief(value.text), row));
  }
  return fmt::format("{}{} differs {} rows: {}", where, finding.property, within ? "within" : "between",
                     list(values, shown_values));
}

std::vector<std::string> missing_lines(const Table& table) {
  std::vector<std::string> lines;
  for (const Row& row : table.rows) {
    std::vector<std::pair<std::string, std::vector<std::string>>> columns_by_gap;
    for (std::size_t c = 0; c < row.cells.size(); ++c) {
      if (row.cells[c].missing.empty()) continue;
      const std::string text = gaps(row.cells[c]);
      auto place = std::find_if(columns_by_gap.begin(), columns_by_gap.end(),
                                [&](const auto& each) { return each.first == text; });
      if (place == columns_by_gap.end()) place = columns_by_gap.insert(place, {text, {}});
      place->second.push_back(table.columns[c].title);
    }
    for (const auto& [text, columns] : columns_by_gap) {
      const bool all = columns.size() == row.cells.size();
      lines.push_back(fmt::format("{}{}: {}", row.name(), all ? "" : ", " + list(columns, shown_names), text));
    }
  }
  return lines;
}

std::vector<std::vector<std::string>> comparisons(const Table& table, const Analysis& analysis) {
  std::vector<std::vector<std::string>> rows;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const auto& test = analysis.cells[r][c].test;
      if (test) add_comparison(rows, table.rows[r].name(), table.columns[c].title, *test, digits_of(analysis, c));
    }
    const auto& across = analysis.across_columns[r];
    if (across) add_comparison(rows, table.rows[r].name(), "all", *across, digits_for({across->mean_difference}));
  }
  if (rows.empty()) return rows;
  rows.insert(rows.begin(), {fmt::format("against {}", table.rows[*analysis.baseline].name()), "column", "n",
                             "difference", "t", "p (t)", "Holm", "p (Wilcoxon)", "Holm"});
  return rows;
}

std::vector<std::string> footnotes(const Table& table) {
  std::vector<std::string> lines;
  for (const std::string& line : missing_lines(table)) lines.push_back("missing: " + line);
  for (const std::string& note : table.notes) lines.push_back("note: " + note);
  for (const Finding& finding : table.findings) lines.push_back("audit: " + text_of(finding, table));
  return lines;
}

}  // namespace vaso::report
