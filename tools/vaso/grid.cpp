#include "grid.hpp"

#include "command_line.hpp"
#include "config/diagnostics.hpp"
#include "report/csv_field.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace vaso::cli {
namespace {

using Row = std::vector<std::string>;

template <class Quote>
std::string joined(const Row& row, const char* between, Quote quote) {
  std::string text;
  for (const std::string& cell : row) text += (text.empty() && &cell == &row.front() ? "" : between) + quote(cell);
  return text;
}

std::string markdown_cell(const std::string& cell) {
  std::string text;
  for (const char c : cell) text += c == '|' ? "\\|" : c == '\n' ? "<br>" : std::string(1, c);
  return text;
}

std::string latex_cell(const std::string& cell) {
  std::string text;
  for (const char c : cell) {
    if (c == '\\') {
      text += "\\textbackslash{}";
    } else if (c == '~' || c == '^') {
      text += fmt::format("\\{}{{}}", c);
    } else {
      if (std::string_view("&%$#_{}").find(c) != std::string_view::npos) text += '\\';
      text += c;
    }
  }
  return text;
}

std::string markdown(const Grid& grid) {
  std::string text = "| " + joined(grid.heading, " | ", markdown_cell) + " |\n|";
  for (std::size_t i = 0; i < grid.heading.size(); ++i) text += "---|";
  text += '\n';
  for (const Row& row : grid.rows) text += "| " + joined(row, " | ", markdown_cell) + " |\n";
  return text;
}

std::string latex(const Grid& grid) {
  std::string text = fmt::format("\\begin{{tabular}}{{{}}}\n\\toprule\n{} \\\\\n\\midrule\n",
                                 std::string(grid.heading.size(), 'l'), joined(grid.heading, " & ", latex_cell));
  for (const Row& row : grid.rows) text += joined(row, " & ", latex_cell) + " \\\\\n";
  return text + "\\bottomrule\n\\end{tabular}\n";
}

std::string json(const Grid& grid) {
  auto array = nlohmann::ordered_json::array();
  for (const Row& row : grid.rows) {
    auto& object = array.emplace_back(nlohmann::ordered_json::object());
    for (std::size_t i = 0; i < row.size(); ++i) object[grid.heading[i]] = row[i];
  }
  return array.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

std::string text(const Grid& grid) {
  std::vector<Row> all = {grid.heading};
  all.insert(all.end(), grid.rows.begin(), grid.rows.end());
  std::string aligned = report::align(all, true);
  if (!aligned.empty() && aligned.back() != '\n') aligned += '\n';
  return aligned;
}

}  // namespace

report::Format parse_format(const std::string& name) {
  try {
    return report::parse_format(name);
  } catch (const std::invalid_argument& unknown) {
    throw UsageError(unknown.what());
  }
}

std::string write(const Grid& grid, report::Format format) {
  switch (format) {
    case report::Format::markdown:
      return markdown(grid);
    case report::Format::latex:
      return latex(grid);
    case report::Format::json:
      return json(grid);
    case report::Format::csv: {
      std::string text = joined(grid.heading, ",", report::csv_field) + "\n";
      for (const Row& row : grid.rows) text += joined(row, ",", report::csv_field) + "\n";
      return text;
    }
    case report::Format::text:
      break;
  }
  return text(grid);
}

}  // namespace vaso::cli
