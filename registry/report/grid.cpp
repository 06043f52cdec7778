#include "report/grid.hpp"

#include "report/statistics.hpp"

#include <algorithm>
#include <cmath>

namespace vaso::report {
namespace {

// The number of runs that every filled cell of the row has; 0 where they differ.
std::size_t common_count(const Row& row) {
  std::size_t common = 0;
  for (const Cell& cell : row.cells) {
    if (cell.values.empty()) continue;
    if (common != 0 && cell.values.size() != common) return 0;
    common = cell.values.size();
  }
  return common;
}

bool all_single(const Table& table) {
  return std::all_of(table.rows.begin(), table.rows.end(), [](const Row& row) {
    return std::all_of(row.cells.begin(), row.cells.end(), [](const Cell& cell) { return cell.values.size() <= 1; });
  });
}

bool counts_agree(const Table& table) {
  return std::all_of(table.rows.begin(), table.rows.end(), [](const Row& row) {
    const bool empty = std::all_of(row.cells.begin(), row.cells.end(), [](const Cell& c) { return c.values.empty(); });
    return empty || common_count(row) != 0;
  });
}

}  // namespace

Grid lay_out(const Table& table, const Notation& notation) {
  enum class Counts { none, once, each };
  const Counts counts = all_single(table) ? Counts::none : counts_agree(table) ? Counts::once : Counts::each;

  std::vector<Digits> digits;
  for (std::size_t m = 0; m < table.columns.size(); ++m) {
    std::vector<double> means;
    for (const Row& row : table.rows) means.push_back(summarise(row.cells[m].values).mean);
    digits.push_back(digits_for(means));
    // Whole means of unlike values still have a deviation to show.
    const bool spread = std::any_of(table.rows.begin(), table.rows.end(), [&](const Row& row) {
      const double deviation = summarise(row.cells[m].values).deviation;
      return std::isfinite(deviation) && deviation != std::trunc(deviation);
    });
    if (spread && digits.back().decimals == 0) digits.back().decimals = 1;
  }

  Grid grid;
  grid.keys = table.key_names.size();
  for (const std::string& name : table.key_names) grid.header.push_back(notation.escape(name));
  for (const Column& column : table.columns) {
    const std::string name = column.name();
    grid.header.push_back(notation.escape(name));
    if (counts == Counts::each) grid.header.push_back("n");
  }
  if (counts == Counts::once) grid.header.push_back("n");

  for (const Row& row : table.rows) {
    std::vector<std::string>& texts = grid.rows.emplace_back();
    for (const std::string& key : row.key) texts.push_back(notation.escape(key));
    for (std::size_t m = 0; m < row.cells.size(); ++m) {
      const Summary summary = summarise(row.cells[m].values);
      texts.push_back(summary.n == 0   ? notation.missing
                      : summary.n == 1 ? notation.value(summary.mean, digits[m])
                                       : notation.spread(summary.mean, summary.deviation, digits[m]));
      if (counts == Counts::each) texts.push_back(std::to_string(summary.n));
    }
    if (counts == Counts::once) texts.push_back(std::to_string(common_count(row)));
  }
  return grid;
}

}  // namespace vaso::report
