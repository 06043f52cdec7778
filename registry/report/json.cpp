#include "report/grid.hpp"

#include <cmath>
#include <nlohmann/json.hpp>

namespace vaso::report {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no word for NaN and infinities; as texts they are not mistaken for a value that is missing.
Json number(double value) { return std::isfinite(value) ? Json(value) : Json(exact(value)); }

Json numbers(const std::vector<double>& values) {
  Json list = Json::array();
  for (const double value : values) list.push_back(number(value));
  return list;
}

Json test_json(const PairedTest& test) {
  return {{"pairs", test.pairs},
          {"mean_difference", number(test.mean_difference)},
          {"t", number(test.t)},
          {"p_t", number(test.p_t)},
          {"p_t_holm", number(test.p_t_holm)},
          {"p_wilcoxon", number(test.p_wilcoxon)},
          {"p_wilcoxon_holm", number(test.p_wilcoxon_holm)},
          {"exact", test.exact},
          {"floor", test.floor}};
}

const char* word_for(Mark mark) { return mark == Mark::best ? "best" : mark == Mark::second ? "second" : ""; }

Json cell_json(const Cell& cell, const CellAnalysis& of_cell, Spread spread) {
  const Summary& summary = of_cell.summary;
  Json json = {{"n", summary.n},
               {"mean", summary.n > 0 ? number(summary.mean) : Json()},
               {"sd", summary.n > 1 ? number(summary.deviation) : Json()},
               {"values", numbers(cell.values)},
               {"runs", cell.runs},
               {"seeds", cell.seeds}};
  if (spread != Spread::deviation && summary.n > 1) json["interval"] = {number(of_cell.low), number(of_cell.high)};
  for (const Missing& missing : cell.missing) {
    json["missing"].push_back(
        {{"seed", missing.seed}, {"run", missing.run == 0 ? Json() : Json(missing.run)}, {"why", missing.why}});
  }
  if (of_cell.difference) json["difference"] = number(*of_cell.difference);
  if (of_cell.test) json["test"] = test_json(*of_cell.test);
  if (of_cell.mark != Mark::none) json["mark"] = word_for(of_cell.mark);
  if (of_cell.level_with_best) json["level_with_best"] = true;
  return json;
}

Json finding_json(const Finding& finding, const Table& table) {
  Json values = Json::array();
  for (const Finding::Value& value : finding.values) {
    Json rows = Json::array();
    for (const std::size_t row : value.rows) rows.push_back(table.rows[row].name());
    values.push_back({{"value", value.text}, {"rows", rows}, {"runs", value.runs}});
  }
  const char* kind = finding.kind == Finding::Kind::between_rows ? "between rows"
                     : finding.kind == Finding::Kind::within_row ? "within a row"
                                                                 : "of runs";
  return {{"kind", kind}, {"phase", finding.phase}, {"property", finding.property}, {"values", values}};
}

Json row_json(const Table& table, const Analysis& analysis, std::size_t r) {
  const Row& row = table.rows[r];
  Json key = Json::object(), metrics = Json::object();
  for (std::size_t k = 0; k < row.key.size(); ++k) key[table.key_names[k]] = row.key[k];
  for (std::size_t c = 0; c < row.cells.size(); ++c) {
    metrics[table.columns[c].name()] = cell_json(row.cells[c], analysis.cells[r][c], analysis.request.spread);
  }
  Json json = {{"key", key}, {"baseline", row.baseline}, {"metrics", metrics}};
  if (!std::isnan(analysis.average_rank[r])) json["average_rank"] = analysis.average_rank[r];
  if (analysis.across_columns[r]) json["across_columns"] = test_json(*analysis.across_columns[r]);
  return json;
}

}  // namespace

std::string write_json(const Table& table, const Analysis& analysis, const Appearance&) {
  Json names = Json::array(), columns = Json::array(), rows = Json::array(), findings = Json::array();
  for (const Column& column : table.columns) {
    names.push_back(column.name());
    columns.push_back({{"name", column.name()},
                       {"phase", column.phase},
                       {"task", column.task},
                       {"metric", column.metric},
                       {"title", column.title},
                       {"better", column.better == Better::higher  ? "higher"
                                  : column.better == Better::lower ? "lower"
                                                                   : "neither"}});
  }
  for (std::size_t r = 0; r < table.rows.size(); ++r) rows.push_back(row_json(table, analysis, r));
  for (const Finding& finding : table.findings) findings.push_back(finding_json(finding, table));
  const Json document = {{"study", table.study},        {"design", table.design},
                         {"by", table.key_names},       {"metrics", names},
                         {"columns", columns},          {"rows", rows},
                         {"caption", analysis.caption}, {"caption_of_best", analysis.caption_of_best},
                         {"notes", table.notes},        {"findings", findings}};
  // A byte that is no UTF-8 (a path, a label) must not cost the whole table.
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace vaso::report
