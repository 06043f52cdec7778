// A table in the manner of the booktabs package; behind each row, as a comment, the runs that it stands on.
#include "report/footnotes.hpp"
#include "report/grid.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <cmath>
#include <set>
#include <string_view>

namespace vaso::report {
namespace {

struct Replacement {
  std::string_view text, latex;
};

// What LaTeX reads as a command, and the signs of our own words that a font may lack.
constexpr Replacement replacements[] = {{"&", "\\&"},
                                        {"%", "\\%"},
                                        {"$", "\\$"},
                                        {"#", "\\#"},
                                        {"_", "\\_"},
                                        {"{", "\\{"},
                                        {"}", "\\}"},
                                        {"~", "\\textasciitilde{}"},
                                        {"^", "\\textasciicircum{}"},
                                        {"\\", "\\textbackslash{}"},
                                        {"<", "\\textless{}"},
                                        {">", "\\textgreater{}"},
                                        {"|", "\\textbar{}"},
                                        {"\"", "''"},
                                        {"\n", " "},
                                        {"±", "$\\pm$"},
                                        {"–", "--"},
                                        {"…", "\\ldots{}"},
                                        {"‡", "$\\ddagger$"},
                                        {"²", "$^2$"}};

std::string escape_text(const std::string& text) {
  std::string escaped;
  for (std::size_t i = 0; i < text.size();) {
    const auto found = std::find_if(std::begin(replacements), std::end(replacements), [&](const Replacement& each) {
      return std::string_view(text).substr(i).starts_with(each.text);
    });
    if (found == std::end(replacements)) {
      escaped += text[i++];
    } else {
      escaped += found->latex;
      i += found->text.size();
    }
  }
  return escaped;
}

class Latex : public Notation {
 public:
  std::string escape(const std::string& text) const override { return escape_text(text); }
  std::string missing() const override { return "--"; }
  std::string number(double value, Digits digits) const override {
    if (std::isnan(value)) return "\\mathrm{NaN}";
    if (std::isinf(value)) return value < 0 ? "-\\infty" : "\\infty";
    std::string text = shown(value, digits);
    const std::size_t e = text.find('e');
    if (e == std::string::npos) return text;
    return fmt::format("{} \\times 10^{{{}}}", text.substr(0, e), std::stoi(text.substr(e + 1)));
  }
  std::string plus_minus() const override { return " \\pm "; }
  std::string formula(const std::string& numbers) const override { return fmt::format("${}$", numbers); }
  std::string marked(const std::string& cell, Mark mark, bool level_with_best) const override {
    const std::string sign = level_with_best ? "$^\\ddagger$" : "";
    if (mark == Mark::best) return fmt::format("$\\mathbf{{{}}}$", without_dollars(cell)) + sign;
    if (mark == Mark::second) return fmt::format("\\underline{{{}}}", cell) + sign;
    return cell + sign;
  }
  std::string check(bool on) const override { return on ? "$\\checkmark$" : "--"; }

 private:
  static std::string without_dollars(std::string formula) {
    std::erase(formula, '$');
    return formula;
  }
};

// A line feed would end the comment and spill the rest into the document.
std::string comment(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return "% " + text;
}

std::string runs_of(const Row& row) {
  std::set<std::int64_t> runs;
  for (const Cell& cell : row.cells) runs.insert(cell.runs.begin(), cell.runs.end());
  if (runs.empty()) return "no runs";
  return fmt::format("{} {}", runs.size() == 1 ? "run" : "runs", fmt::join(runs, ", "));
}

// Letters and digits: what a \label holds without surprises.
std::string label_of(const Table& table) {
  std::string label;
  for (const char c : table.study) label += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  return label.empty() ? "runs" : label;
}

std::string caption_of(const Table& table, const Analysis& analysis, Layout layout) {
  std::vector<std::string> parts = {escape_text(analysis.caption),
                                    legend(analysis, layout, "Best in bold", "second best underlined",
                                           "$\\ddagger$: not distinguishable from the best")};
  for (const std::string& line : missing_lines(table)) parts.push_back("Missing: " + escape_text(line) + ".");
  for (const Finding& finding : table.findings) {
    if (finding.is_difference()) parts.push_back(escape_text(text_of(finding, table)) + ".");
  }
  std::erase(parts, "");
  return fmt::format("{}", fmt::join(parts, " "));
}

}  // namespace

std::string write_latex(const Table& table, const Analysis& analysis, const Appearance& appearance) {
  const Grid grid = lay_out(table, analysis, appearance.layout, Latex());
  const std::string packages = "\\usepackage{booktabs}\n\\usepackage{amssymb}\n";
  std::string text;
  if (appearance.standalone) {
    text = "\\documentclass{article}\n\\usepackage[margin=2cm]{geometry}\n" + packages + "\\begin{document}\n";
  } else {
    text = "% in the preamble: \\usepackage{booktabs} \\usepackage{amssymb}\n";
  }
  text += "\\begin{table}[t]\n\\centering\n";
  const std::string caption = caption_of(table, analysis, appearance.layout);
  if (!caption.empty()) text += fmt::format("\\caption{{{}}}\n", caption);
  text += fmt::format("\\label{{tab:{}}}\n", label_of(table));
  text += "\\begin{tabular}{" + std::string(grid.keys, 'l') + std::string(grid.header.size() - grid.keys, 'r') + "}\n" +
          "\\toprule\n";
  text += fmt::format("{} \\\\\n\\midrule\n", fmt::join(grid.header, " & "));
  for (std::size_t i = 0; i < grid.rows.size(); ++i) {
    text += fmt::format("{} \\\\ {}\n", fmt::join(grid.rows[i], " & "), comment(runs_of(table.rows[i])));
  }
  text += "\\bottomrule\n\\end{tabular}\n\\end{table}\n";
  for (const auto& row : comparisons(table, analysis)) text += comment(fmt::format("{}", fmt::join(row, " | "))) + "\n";
  for (const std::string& line : footnotes(table)) text += comment(line) + "\n";
  return appearance.standalone ? text + "\\end{document}\n" : text;
}

}  // namespace vaso::report
