// A table as texts in rows and columns: what text, Markdown and LaTeX share.
#pragma once

#include "report/formats.hpp"
#include "report/numbers.hpp"

#include <string>
#include <vector>

namespace vaso::report {

// How a format spells things.
class Notation {
 public:
  virtual ~Notation() = default;
  virtual std::string escape(const std::string& text) const = 0;  // names and keys
  virtual std::string missing() const = 0;                        // a cell without values
  virtual std::string number(double value, Digits digits) const { return shown(value, digits); }
  virtual std::string plus_minus() const { return " ± "; }
  virtual std::string formula(const std::string& numbers) const { return numbers; }  // around all numbers of a cell
  virtual std::string marked(const std::string& cell, Mark mark, bool level_with_best) const = 0;
  virtual std::string check(bool on) const { return on ? "✓" : "–"; }
};

struct Grid {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::size_t keys = 0;  // leading columns that are names; the rest are numbers
};

// plain: where n is not 1 everywhere it has a column, one for all metrics if they agree in every row, else one behind
// each metric. main, detection, ablation: marks instead; main has the average rank at the end; ablation shows factors
// of two levels as check marks and puts differences to the baseline in brackets.
Grid lay_out(const Table& table, const Analysis& analysis, Layout layout, const Notation& notation);

// Under which signs marks go in this format, and how they came about; "" where the layout has none.
std::string legend(const Analysis& analysis, Layout layout, const std::string& best, const std::string& second,
                   const std::string& level);

std::string write_text(const Table& table, const Analysis& analysis, const Appearance& appearance);
std::string write_markdown(const Table& table, const Analysis& analysis, const Appearance& appearance);
std::string write_csv(const Table& table, const Analysis& analysis, const Appearance& appearance);
std::string write_latex(const Table& table, const Analysis& analysis, const Appearance& appearance);
std::string write_json(const Table& table, const Analysis& analysis, const Appearance& appearance);

}  // namespace vaso::report
