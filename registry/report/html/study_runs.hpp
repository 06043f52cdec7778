// The runs that a study asks for, found in the database.
#pragma once

#include "runs/store.hpp"

#include <map>
#include <string>
#include <vector>

namespace vaso::report {

// What a cell does in one seed: a phase, and of fine-tunings one task.
struct Part {
  std::string phase, task;
  std::string title() const { return task.empty() ? phase : task; }
  bool operator==(const Part&) const = default;
};

class StudyRuns {
 public:
  // Both outlive it.
  StudyRuns(const runs::Store& store, const runs::StudyRecord& study);

  const runs::StudyRecord& study() const { return study_; }
  const std::vector<Part>& parts() const { return parts_; }  // in the order in which they run
  // Null where it was never started, or where the cell has no such part.
  const runs::Run* find(std::size_t cell, std::int64_t seed, const Part& part) const;
  bool wants(std::size_t cell, std::int64_t seed, const Part& part) const;
  // Those that were started, by seed.
  std::vector<const runs::Run*> started(std::size_t cell, const Part& part) const;
  // Each run once, by number.
  const std::map<std::int64_t, runs::Run>& all() const { return runs_; }
  std::size_t wanted() const { return wanted_; }  // distinct runs that the study asks for

 private:
  struct Key {
    std::size_t cell;
    std::int64_t seed;
    std::size_t part;
    auto operator<=>(const Key&) const = default;
  };
  const runs::StudyRecord& study_;
  std::vector<Part> parts_;
  std::map<std::int64_t, runs::Run> runs_;
  std::map<Key, std::int64_t> ids_;  // 0 = never started
  std::size_t wanted_ = 0;
};

// Cells whose runs of a part are the same ones, such as a network that needs no pre-training.
struct SharedCells {
  std::string name;                // of the cell; "all cells"; "random = anatomy"
  std::size_t first = 0;           // the first of the cells
  std::vector<std::size_t> cells;  // ascending
  std::vector<const runs::Run*> runs;
};
// In the order of the cells; those that have not started are left out.
std::vector<SharedCells> shared_cells(const StudyRuns& runs, const Part& part);

// A cell as a reader calls it: by its levels where they say enough ("anatomy, on"), else by its name.
std::string cell_name(const runs::StudyRecord& study, std::size_t cell);

}  // namespace vaso::report
