#include "report/footnotes.hpp"
#include "report/grid.hpp"

namespace vaso::report {
namespace {

class Plain : public Notation {
 public:
  std::string escape(const std::string& text) const override { return text; }
  std::string missing() const override { return "–"; }
  // Marks take their room also where there is none: numbers stand under one another.
  std::string marked(const std::string& cell, Mark mark, bool level_with_best) const override {
    const std::string level = level_with_best ? " ‡" : "  ";
    return cell + (mark == Mark::best ? " *" : mark == Mark::second ? " +" : "  ") + level;
  }
};

}  // namespace

std::string write_text(const Table& table, const Analysis& analysis, const Appearance& appearance) {
  const Grid grid = lay_out(table, analysis, appearance.layout, Plain());
  std::vector<std::vector<std::string>> rows = {grid.header};
  rows.insert(rows.end(), grid.rows.begin(), grid.rows.end());
  std::string text = align(rows, true);
  const auto comparison = comparisons(table, analysis);
  if (!comparison.empty()) text += "\n" + align(comparison, true);
  std::vector<std::string> lines = {analysis.caption, legend(analysis, appearance.layout, "* best", "+ second best",
                                                             "‡ not distinguishable from the best")};
  for (std::string& line : footnotes(table)) lines.push_back(std::move(line));
  std::erase(lines, "");
  if (!lines.empty()) text += "\n";
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace vaso::report
