// Rows and columns by their names.
#include "report/metric_choice.hpp"
#include "report/table.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <set>
#include <stdexcept>

namespace vaso::report {
namespace {

// As a study names a cell: "masking.strategy=anatomy masking.ratio=0.5".
std::string cell_name(const Table& table, const Row& row) {
  std::string name;
  for (std::size_t k = 0; k < row.key.size(); ++k) {
    name += fmt::format("{}{}={}", k > 0 ? " " : "", table.key_names[k], row.key[k]);
  }
  return name;
}

}  // namespace

std::string Column::name() const { return task.empty() ? metric : fmt::format("{}/{}", task, metric); }

std::string Row::name() const { return fmt::format("{}", fmt::join(key, ", ")); }

void set_baseline(Table& table, const std::string& name) {
  std::vector<std::size_t> whole, by_level;
  std::vector<std::string> known;
  for (std::size_t r = 0; r < table.rows.size(); ++r) {
    const Row& row = table.rows[r];
    known.push_back(row.name());
    if (row.name() == name || cell_name(table, row) == name) whole.push_back(r);
    if (std::find(row.key.begin(), row.key.end(), name) != row.key.end()) by_level.push_back(r);
  }
  const std::vector<std::size_t>& found = whole.empty() ? by_level : whole;
  if (found.empty()) refuse_unknown("the table has no row", name, known);
  if (found.size() > 1) {
    std::vector<std::string> names;
    for (const std::size_t r : found) names.push_back(fmt::format("`{}`", table.rows[r].name()));
    throw std::invalid_argument(
        fmt::format("`{}` may be any of {} rows; say which as {}", name, found.size(), fmt::join(names, " or ")));
  }
  for (Row& row : table.rows) row.baseline = false;
  table.rows[found.front()].baseline = true;
}

}  // namespace vaso::report
