// Runs into a table fit for a paper: rows by factor, columns by task and metric, one value per seed in each cell.
#pragma once

#include "report/audit.hpp"
#include "runs/store.hpp"
#include "runs/study_record.hpp"

#include <string>
#include <vector>

namespace vaso::report {

enum class Better { higher, lower, neither };

struct Column {
  std::string phase;   // segmentor, pretrain, finetune; "" where a table takes several
  std::string task;    // "" where a phase has none
  std::string metric;  // a series, with "best:", "first:" or "mean:" before it where it is not the last value
  std::string title;   // for a reader: "vessels Dice"
  Better better = Better::neither;

  std::string name() const;  // as --metric takes it: "loss", "vessels/test.dice"
};

struct Missing {
  std::int64_t seed = 0;
  std::int64_t run = 0;  // 0 = never started
  std::string why;       // "failed", "running", "interrupted", "not started", "has no test.dice"
};

// values, runs and seeds are parallel: one entry per finished run.
struct Cell {
  std::vector<double> values;
  std::vector<std::int64_t> runs;
  std::vector<std::int64_t> seeds;
  std::vector<Missing> missing;  // of a study, which knows what there should be
};

struct Row {
  std::vector<std::string> key;  // one per Table::key_names
  std::vector<Cell> cells;       // one per Table::columns
  bool baseline = false;

  std::string name() const;  // "anatomy, 0.5"
};

struct Table {
  std::string study;                   // its name; "" for runs that were chosen by their settings
  std::string design;                  // grid, one_factor, leave_one_out, list; ""
  std::vector<std::string> key_names;  // factors
  std::vector<Column> columns;
  std::vector<Row> rows;
  std::vector<std::string> notes;  // what was left out, how metrics were computed
  std::vector<Finding> findings;   // of the audit
};

// A metric is the last value of a series, or with "best:", "first:" or "mean:" before its name the best (largest where
// more is better or nothing is known, else smallest), the first, the mean of all values.
struct TableRequest {
  std::vector<std::string> by;       // setting paths, "masking.strategy", or "phase", "experiment", "seed", "run"
  std::vector<std::string> metrics;  // as above
  std::string phase;       // "" = every phase that logged one of the metrics and has the tables that `by` names
  std::string experiment;  // "" = all
};

// Finished runs only. Of runs with one identity the newest counts. A setting that a run lacks is looked up in the run
// whose weights it uses, so that a fine-tuning can stand in rows by masking strategy. Rows: numeric levels by size,
// others as they came first in the database. A group without the metric has an empty cell. Throws
// std::invalid_argument, with near names, for a metric, setting, phase or experiment that no run has.
Table tabulate(const runs::Store& store, const TableRequest& request);

struct StudyTableRequest {
  std::vector<std::string> metrics;  // "test.dice" (in every task that has it), "vessels/test.dice"; empty = usual ones
  std::string phase;                 // "" = the last one of the study that has the metrics
};

// Rows are the study's cells, also those of which nothing has run; a value is that of the newest finished run with the
// identity that the cell asks for. Throws std::invalid_argument, with near names, for an unknown metric, task or phase.
Table tabulate(const runs::Store& store, const runs::StudyRecord& study, const StudyTableRequest& request);

// Makes the row of that name the baseline, by its whole name ("anatomy, 0.5"), as a study names its cells
// ("masking.strategy=anatomy masking.ratio=0.5") or by one level that no other row has. Throws std::invalid_argument,
// with near names, where no or more than one row is called so.
void set_baseline(Table& table, const std::string& name);

// Column-aligned text for `vaso ls` and `vaso show`; Unicode-aware widths, columns of numbers flush right, a rule under
// the header. Line feeds in cells become spaces.
std::string align(const std::vector<std::vector<std::string>>& rows, bool header);

// A series as a small text plot (8 levels), for `vaso show`. Longer series are averaged to `width` stretches; one that
// holds a NaN or an infinity is a cross.
std::string sparkline(const std::vector<double>& values, std::size_t width);

}  // namespace vaso::report
