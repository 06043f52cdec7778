#include "report/grid.hpp"
#include "report/statistics.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace vaso::report {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no word for NaN and infinities; as texts they are not mistaken for a value that is missing.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(exact(value)); }

Json cell_json(const Cell& cell) {
  const Summary summary = summarise(cell.values);
  Json values = Json::array();
  for (const double value : cell.values) values.push_back(number(value));
  return {{"n", summary.n},
          {"mean", summary.n > 0 ? number(summary.mean) : Json()},
          {"sd", summary.n > 1 ? number(summary.deviation) : Json()},
          {"values", values},
          {"runs", cell.runs}};
}

}  // namespace

std::string write_json(const Table& table) {
  Json rows = Json::array();
  for (const Row& row : table.rows) {
    Json key = Json::object();
    for (std::size_t k = 0; k < row.key.size(); ++k) key[table.key_names[k]] = row.key[k];
    Json metrics = Json::object();
    for (std::size_t m = 0; m < row.cells.size(); ++m) metrics[table.columns[m].name()] = cell_json(row.cells[m]);
    rows.push_back({{"key", key}, {"metrics", metrics}});
  }
  Json names = Json::array();
  for (const Column& column : table.columns) names.push_back(column.name());
  const Json document = {{"by", table.key_names}, {"metrics", names}, {"rows", rows}, {"notes", table.notes}};
  // A byte that is no UTF-8 (a path, a label) must not cost the whole table.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vaso::report
