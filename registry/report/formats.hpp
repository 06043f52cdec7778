// A table in the formats of terminals, papers and programs.
#pragma once

#include "report/analysis.hpp"
#include "report/table.hpp"

namespace vaso::report {

enum class Format { text, markdown, csv, latex, json };
Format parse_format(const std::string& name);  // throws std::invalid_argument listing the names

enum class Layout {
  plain,      // mean ± spread
  main,       // best and second best marked, average rank
  detection,  // as main, without ranks
  ablation,   // factors as check marks, differences to the baseline in brackets
};
Layout parse_layout(const std::string& name);  // throws std::invalid_argument listing the names

struct Appearance {
  Format format = Format::text;
  Layout layout = Layout::plain;
  bool standalone = false;  // LaTeX: a document of its own, not a table to be included in one
};

// Text, Markdown, LaTeX: mean ± spread with four significant digits; n is printed where it is not 1 everywhere;
// caption, missing runs, notes and audit below. LaTeX: booktabs, run ids as comments behind each row. CSV (RFC 4180,
// without notes) and JSON: full precision, everything apart; NaN is the text "NaN".
std::string write(const Table& table, const Analysis& analysis, const Appearance& appearance);

// Plain, mean ± standard deviation, without tests.
std::string write(const Table& table, Format format);

}  // namespace vaso::report
