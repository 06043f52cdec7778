#include "report/grid.hpp"

namespace vaso::report {
namespace {

// GitHub Flavored Markdown: a "|" would end the cell, "_" and "*" would start emphasis.
std::string escape(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|' || c == '*' || c == '_' || c == '\\' || c == '`' || c == '<') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string line(const std::vector<std::string>& cells) {
  std::string text = "|";
  for (const std::string& cell : cells) text += " " + cell + " |";
  return text + "\n";
}

}  // namespace

std::string write_markdown(const Table& table) {
  const Grid grid = lay_out(
      table,
      {.missing = "–", .escape = escape, .value = shown, .spread = [](double mean, double deviation, Digits digits) {
         return shown(mean, digits) + " ± " + shown(deviation, digits);
       }});
  std::string text = line(grid.header) + "|";
  for (std::size_t column = 0; column < grid.header.size(); ++column) text += column < grid.keys ? " :-- |" : " --: |";
  text += "\n";
  for (const auto& row : grid.rows) text += line(row);
  if (!table.notes.empty()) text += "\n";
  for (const std::string& note : table.notes) text += "- " + escape(note) + "\n";
  return text;
}

}  // namespace vaso::report
