// A tabular in the manner of the booktabs package; behind each row, as a comment, the runs that it stands on.
#include "report/grid.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

namespace vaso::report {
namespace {

std::string escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
      case '%':
      case '$':
      case '#':
      case '_':
      case '{':
      case '}':
        escaped += '\\';
        escaped += c;
        break;
      case '~':
        escaped += "\\textasciitilde{}";
        break;
      case '^':
        escaped += "\\textasciicircum{}";
        break;
      case '\\':
        escaped += "\\textbackslash{}";
        break;
      case '\n':
        escaped += ' ';
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

// Inside $…$.
std::string number(double value, Digits digits) {
  if (std::isnan(value)) return "\\mathrm{NaN}";
  if (std::isinf(value)) return value < 0 ? "-\\infty" : "\\infty";
  std::string text = shown(value, digits);
  const std::size_t e = text.find('e');
  if (e == std::string::npos) return text;
  return fmt::format("{} \\times 10^{{{}}}", text.substr(0, e), std::stoi(text.substr(e + 1)));
}

// A line feed would end the comment and spill the rest into the document.
std::string comment(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "% " + text;
}

std::string runs_of(const Row& row) {
  std::set<std::int64_t> runs;
  for (const Cell& cell : row.cells) runs.insert(cell.runs.begin(), cell.runs.end());
  return fmt::format("{} {}", runs.size() == 1 ? "run" : "runs", fmt::join(runs, ", "));
}

}  // namespace

std::string write_latex(const Table& table) {
  const Grid grid =
      lay_out(table, {.missing = "--",
                      .escape = escape,
                      .value = [](double mean, Digits digits) { return fmt::format("${}$", number(mean, digits)); },
                      .spread =
                          [](double mean, double deviation, Digits digits) {
                            return fmt::format("${} \\pm {}$", number(mean, digits), number(deviation, digits));
                          }});
  std::string text = "% \\usepackage{booktabs}\n\\begin{tabular}{" + std::string(grid.keys, 'l') +
                     std::string(grid.header.size() - grid.keys, 'r') + "}\n\\toprule\n";
  text += fmt::format("{} \\\\\n\\midrule\n", fmt::join(grid.header, " & "));
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    text += fmt::format("{} \\\\ {}\n", fmt::join(grid.rows[i], " & "), comment(runs_of(table.rows[i])));
  }
  text += "\\bottomrule\n\\end{tabular}\n";
  for (const std::string& note : table.notes) text += comment("note: " + note) + "\n";
  return text;
}

}  // namespace vaso::report
