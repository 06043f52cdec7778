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
  std::string phase;                 // "" = every phase that logged one of the metrics
  std::string experiment;            // "" = all
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
  std::vector<std::string>
      notes;  // "2 runs left out: failed (14), running (15)"; settings that differ beside the factor
};

// Finished runs only. Of runs with one identity the newest counts.
Table tabulate(const runs::Store& store, const TableRequest& request);
// LaTeX: booktabs, run ids as comments behind each row. n is printed where it is not 1 everywhere.
std::string write(const Table& table, Format format);

// Column-aligned text for `vaso ls` and `vaso show`; Unicode-aware widths.
std::string align(const std::vector<std::vector<std::string>>& rows, bool header);

// A series as a small text plot (8 levels), for `vaso show`.
std::string sparkline(const std::vector<double>& values, std::size_t width);

}  // namespace vaso::report
