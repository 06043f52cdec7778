// What a study asks for, as the database keeps it: its question, its design, and for every cell the runs that it needs,
// whether they exist or not. Tables and reports are made from it without the file and without a worker.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace vaso::runs {

struct StudyLevel {
  std::string name;                                           // "anatomy", "off"
  std::vector<std::pair<std::string, std::string>> settings;  // dotted path, value as TOML: what the level sets
};

struct StudyFactor {
  std::string name;  // "masking.strategy", "guidance"
  std::vector<StudyLevel> levels;
};

// One combination of levels; seeds are repetitions of it.
struct StudyCell {
  std::string name;  // for a row of a table: "masking.strategy=anatomy", or the name that the file gives it
  std::vector<std::string> levels;  // the name of a level for each factor; empty in a study that lists its cells
  bool baseline = false;            // what the other cells are compared with; one cell at most
};

// A run that a cell needs. Cells share runs: a segmentor stands here once for each cell that uses it.
struct StudyRun {
  std::size_t cell = 0;  // into StudyRecord::cells
  std::int64_t seed = 0;
  std::string phase;     // segmentor, pretrain, finetune
  std::string task;      // of finetune: the name of its [downstream] table
  std::string identity;  // Run::identity
};

struct StudyRecord {
  std::string name;         // of the experiment
  std::string question;     // what its author wants to know; may be ""
  std::string design;       // grid, one_factor, leave_one_out, list
  std::string file;         // absolute, as it was last run
  std::string config_toml;  // that file, resolved
  std::string created;      // UTC, ISO 8601: when it was last planned
  std::vector<StudyFactor> factors;
  std::vector<StudyCell> cells;  // in the order of the rows
  std::vector<std::int64_t> seeds;
  std::vector<StudyRun> runs;
};

}  // namespace vaso::runs
