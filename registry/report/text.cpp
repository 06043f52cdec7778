#include "report/grid.hpp"

namespace vaso::report {

std::string write_text(const Table& table) {
  const Grid grid =
      lay_out(table, {.missing = "–",
                      .escape = [](const std::string& text) { return text; },
                      .value = shown,
                      .spread = [](double mean, double deviation,
                                   Digits digits) { return shown(mean, digits) + " ± " + shown(deviation, digits); }});
  std::vector<std::vector<std::string>> rows = {grid.header};
  rows.insert(rows.end(), grid.rows.begin(), grid.rows.end());
  std::string text = align(rows, true);
  if (!table.notes.empty()) text += "\n";
  for (const std::string& note : table.notes) text += "note: " + note + "\n";
  return text;
}

}  // namespace vaso::report
