// A table as texts in rows and columns: what text, Markdown and LaTeX share.
#pragma once

#include "report/formats.hpp"
#include "report/numbers.hpp"

#include <functional>

namespace vaso::report {

// How a format spells things.
struct Notation {
  std::string missing;                                    // a cell without values
  std::function<std::string(const std::string&)> escape;  // names and keys
  std::function<std::string(double mean, Digits)> value;
  std::function<std::string(double mean, double deviation, Digits)> spread;
};

struct Grid {
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
  std::size_t keys = 0;  // leading columns that are names; the rest are numbers
};

// Mean, and sample standard deviation where a cell has two runs or more. Where n is not 1 everywhere it has a column:
// one for all metrics if they agree in every row, else one behind each metric.
Grid lay_out(const Table& table, const Notation& notation);

std::string write_text(const Table& table);
std::string write_markdown(const Table& table);
std::string write_csv(const Table& table);
std::string write_latex(const Table& table);
std::string write_json(const Table& table);

}  // namespace vaso::report
