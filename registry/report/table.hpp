// Runs into a table fit for a paper: rows by factor, columns by metric, mean ± standard deviation over seeds.
#pragma once

#include "runs/store.hpp"

#include <string>
#include <vector>

namespace vaso::report {

enum class Format { text, markdown, csv, latex, json };
Format parse_format(const std::string& name);  // throws std::invalid_argument listing the names

// A metric column: the last value of a series, or "best:"/"first:"/"mean:" before its name for the largest, first,
// mean.
struct TableRequest {
  std::vector<std::string> by;       // setting paths, "masking.strategy", or "phase", "experiment", "seed", "run"
  std::vector<std::string> metrics;  // as above
  std::string phase;       // "" = every phase that logged one of the metrics and has the tables that `by` names
  std::string experiment;  // "" = all
};

struct Cell {
  std::vector<double> values;  // one per run, by run id
  std::vector<std::int64_t> runs;
};
struct Row {
  std::vector<std::string> key;
  std::vector<Cell> cells;
};
struct Table {
  std::vector<std::string> key_names;
  std::vector<std::string> metric_names;
  std::vector<Row> rows;
  // "2 runs left out: failed (14), running (15)"; settings that differ beside the factor; how metrics were computed.
  std::vector<std::string> notes;
};

// Finished runs only. Of runs with one identity the newest counts. Rows: numeric levels by size, others as they came
// first in the database. A group without the metric has an empty cell. Throws std::invalid_argument, with near names,
// for a metric, setting, phase or experiment that no run has.
Table tabulate(const runs::Store& store, const TableRequest& request);
// A line for each metric whose runs recorded how it was computed; one that says so where they computed it differently.
std::vector<std::string> convention_notes(const runs::Store& store, const std::vector<std::int64_t>& runs,
                                          const std::vector<std::string>& metrics);
// Text, Markdown, LaTeX: "mean ± sample standard deviation" with four significant digits; n is printed where it is not
// 1 everywhere. LaTeX: booktabs, run ids as comments behind each row. CSV (RFC 4180, without the notes) and JSON: full
// precision; mean, sd and n apart; NaN is the text "NaN".
std::string write(const Table& table, Format format);

// Column-aligned text for `vaso ls` and `vaso show`; Unicode-aware widths, columns of numbers flush right, a rule under
// the header. Line feeds in cells become spaces.
std::string align(const std::vector<std::vector<std::string>>& rows, bool header);

// A series as a small text plot (8 levels), for `vaso show`. Longer series are averaged to `width` stretches; one that
// holds a NaN or an infinity is a cross.
std::string sparkline(const std::vector<double>& values, std::size_t width);

}  // namespace vaso::report
