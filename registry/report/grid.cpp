#include "report/grid.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <string_view>

namespace vaso::report {
namespace {

using Cells = std::vector<CellAnalysis>;

// The number of runs that every filled cell of the row has; 0 where they differ.
std::size_t common_count(const Cells& row) {
  std::size_t common = 0;
  for (const CellAnalysis& cell : row) {
    if (cell.summary.n == 0) continue;
    if (common != 0 && cell.summary.n != common) return 0;
    common = cell.summary.n;
  }
  return common;
}

enum class Counts { none, once, each };

Counts counts_of(const Analysis& analysis, Layout layout) {
  const auto single = [](const CellAnalysis& cell) { return cell.summary.n <= 1; };
  const bool all_single = std::all_of(analysis.cells.begin(), analysis.cells.end(),
                                      [&](const Cells& row) { return std::all_of(row.begin(), row.end(), single); });
  if (layout != Layout::plain || all_single) return Counts::none;
  const bool agree = std::all_of(analysis.cells.begin(), analysis.cells.end(), [](const Cells& row) {
    const bool empty = std::all_of(row.begin(), row.end(), [](const CellAnalysis& c) { return c.summary.n == 0; });
    return empty || common_count(row) != 0;
  });
  return agree ? Counts::once : Counts::each;
}

Digits digits_of_cells(const Analysis& analysis, std::size_t column) {
  std::vector<double> means;
  bool spread = false;
  for (const Cells& row : analysis.cells) {
    const Summary& summary = row[column].summary;
    means.push_back(summary.mean);
    spread = spread || (std::isfinite(summary.deviation) && summary.deviation != std::trunc(summary.deviation));
  }
  Digits digits = digits_for(means);
  if (spread && digits.decimals == 0) digits.decimals = 1;  // whole means of unlike values still have one to show
  return digits;
}

// A factor of two levels is on or off. Off is the level that is called so, else the first: designs list it so.
class Switches {
 public:
  explicit Switches(const Table& table) {
    constexpr std::array<std::string_view, 6> words = {"off", "none", "no", "false", "0", "without"};
    for (std::size_t k = 0; k < table.key_names.size(); ++k) {
      std::vector<std::string> levels;
      for (const Row& row : table.rows) {
        if (std::find(levels.begin(), levels.end(), row.key[k]) == levels.end()) levels.push_back(row.key[k]);
      }
      std::string& off = off_.emplace_back();
      if (levels.size() != 2) continue;
      const auto named = std::find_if(levels.begin(), levels.end(), [&](const std::string& level) {
        return std::find(words.begin(), words.end(), level) != words.end();
      });
      off = named == levels.end() ? levels.front() : *named;
    }
  }

  bool is_switch(std::size_t key) const { return !off_[key].empty(); }
  bool on(std::size_t key, const std::string& level) const { return level != off_[key]; }

 private:
  std::vector<std::string> off_;  // "" where the factor is none
};

std::string numbers_of(const CellAnalysis& cell, Spread spread, Digits digits, const Notation& notation) {
  const auto number = [&](double value) { return notation.number(value, digits); };
  std::string text = number(cell.summary.mean);
  if (cell.summary.n < 2) return text;
  if (spread == Spread::deviation) return text + notation.plus_minus() + number(cell.summary.deviation);
  return fmt::format("{} [{}, {}]", text, number(cell.low), number(cell.high));
}

std::string cell_text(const CellAnalysis& cell, Spread spread, Digits digits, Layout layout, const Notation& notation) {
  if (cell.summary.n == 0) return notation.missing();
  std::string numbers = numbers_of(cell, spread, digits, notation);
  if (layout == Layout::ablation && cell.difference) {
    numbers += fmt::format(" ({}{})", *cell.difference >= 0 ? "+" : "", notation.number(*cell.difference, digits));
  }
  return notation.formula(numbers);
}

std::string rank_text(double rank, const Notation& notation) {
  return std::isnan(rank) ? notation.missing() : notation.formula(fmt::format("{:.2f}", rank));
}

std::vector<std::string> header_of(const Table& table, Counts counts, bool ranked, const Notation& notation) {
  std::vector<std::string> header;
  for (const std::string& name : table.key_names) header.push_back(notation.escape(name));
  for (const Column& column : table.columns) {
    header.push_back(notation.escape(column.title));
    if (counts == Counts::each) header.emplace_back("n");
  }
  if (counts == Counts::once) header.emplace_back("n");
  if (ranked) header.emplace_back("avg. rank");
  return header;
}

bool has_marks(const Analysis& analysis, std::size_t column) {
  return std::any_of(analysis.cells.begin(), analysis.cells.end(),
                     [&](const Cells& row) { return row[column].mark != Mark::none; });
}

}  // namespace

Grid lay_out(const Table& table, const Analysis& analysis, Layout layout, const Notation& notation) {
  const Counts counts = counts_of(analysis, layout);
  const bool ranked = layout == Layout::main && std::any_of(analysis.average_rank.begin(), analysis.average_rank.end(),
                                                            [](double rank) { return !std::isnan(rank); });
  const Switches switches(table);
  std::vector<Digits> digits;
  for (std::size_t c = 0; c < table.columns.size(); ++c) digits.push_back(digits_of_cells(analysis, c));

  Grid grid;
  grid.keys = table.key_names.size();
  grid.header = header_of(table, counts, ranked, notation);
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    std::vector<std::string>& texts = grid.rows.emplace_back();
    for (std::size_t k = 0; k < grid.keys; ++k) {
      const std::string& level = table.rows[r].key[k];
      texts.push_back(layout == Layout::ablation && switches.is_switch(k) ? notation.check(switches.on(k, level))
                                                                          : notation.escape(level));
    }
    for (std::size_t c = 0; c < table.columns.size(); ++c) {
      const CellAnalysis& cell = analysis.cells[r][c];
      const std::string text = cell_text(cell, analysis.request.spread, digits[c], layout, notation);
      const bool with_marks = layout != Layout::plain && has_marks(analysis, c);
      texts.push_back(with_marks ? notation.marked(text, cell.mark, cell.level_with_best) : text);
      if (counts == Counts::each) texts.push_back(std::to_string(cell.summary.n));
    }
    if (counts == Counts::once) texts.push_back(std::to_string(common_count(analysis.cells[r])));
    if (ranked) texts.push_back(rank_text(analysis.average_rank[r], notation));
  }
  return grid;
}

std::string legend(const Analysis& analysis, Layout layout, const std::string& best, const std::string& second,
                   const std::string& level) {
  if (layout == Layout::plain || analysis.caption_of_best.empty()) return "";
  bool seconds = false, levels = false;
  for (const Cells& row : analysis.cells) {
    for (const CellAnalysis& cell : row) {
      seconds = seconds || cell.mark == Mark::second;
      levels = levels || cell.level_with_best;
    }
  }
  return fmt::format("{}{}{}. {}", best, seconds ? ", " + second : "", levels ? ", " + level : "",
                     analysis.caption_of_best);
}

}  // namespace vaso::report
