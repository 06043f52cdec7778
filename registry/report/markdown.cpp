#include "report/footnotes.hpp"
#include "report/grid.hpp"

#include <fmt/format.h>

namespace vaso::report {
namespace {

// GitHub Flavored Markdown.
class Markdown : public Notation {
 public:
  // A "|" would end the cell, "_" and "*" would start emphasis.
  std::string escape(const std::string& text) const override {
    std::string escaped;
    for (const char c : text) {
      if (c == '|' || c == '*' || c == '_' || c == '\\' || c == '`' || c == '<') escaped += '\\';
      escaped += c == '\n' ? ' ' : c;
    }
    return escaped;
  }
  std::string missing() const override { return "–"; }
  std::string marked(const std::string& cell, Mark mark, bool level_with_best) const override {
    const std::string text = mark == Mark::best     ? fmt::format("**{}**", cell)
                             : mark == Mark::second ? fmt::format("<u>{}</u>", cell)
                                                    : cell;
    return text + (level_with_best ? " ‡" : "");
  }
};

std::string line(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + cell + " |";
  return text + "\n";
}

std::string rule(std::size_t keys, std::size_t columns) {
  std::string text = "|";
  for (std::size_t column = 0; column < columns; ++column) text += column < keys ? " :-- |" : " --: |";
  return text + "\n";
}

}  // namespace

std::string write_markdown(const Table& table, const Analysis& analysis, const Appearance& appearance) {
  const Markdown notation;
  const Grid grid = lay_out(table, analysis, appearance.layout, notation);
  std::string text = line(grid.header) + rule(grid.keys, grid.header.size());
  for (const auto& row : grid.rows) text += line(row);
  const auto comparison = comparisons(table, analysis);
  if (!comparison.empty()) text += "\n";
  for (std::size_t r = 0; r < comparison.size(); ++r) {
    std::vector<std::string> cells;
    for (const std::string& cell : comparison[r]) cells.push_back(notation.escape(cell));
    text += line(cells);
    if (r == 0) text += rule(2, cells.size());
  }
  for (const std::string& words :
       {notation.escape(analysis.caption),
        legend(analysis, appearance.layout, "**Best**", "<u>second best</u>", "‡ not distinguishable from the best")}) {
    if (!words.empty()) text += "\n" + words + "\n";
  }
  const std::vector<std::string> lines = footnotes(table);
  if (!lines.empty()) text += "\n";
  for (const std::string& note : lines) text += "- " + notation.escape(note) + "\n";
  return text;
}

}  // namespace vaso::report
