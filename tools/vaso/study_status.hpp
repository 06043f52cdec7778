// What of a study is done, as the database says: neither its file nor a worker is needed.
#pragma once

#include "report/formats.hpp"
#include "runs/store.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vaso::cli {

// One run that a cell needs.
struct StudyRunStatus {
  runs::StudyRun wanted;
  std::optional<runs::Run> run;        // what there is of it; without the long columns
  std::string stage, text;             // of a running one
  std::optional<double> seconds_left;  // of its stage

  std::string word() const;  // "done", "running", "failed", "interrupted", "missing"
  std::string why() const;   // of a failed or interrupted one, in one line
};

struct StudyStatus {
  runs::StudyRecord study;
  std::vector<StudyRunStatus> runs;           // as in the record
  std::map<std::string, std::size_t> counts;  // by word; runs that cells share count once
  std::optional<double> seconds_left;         // of the study, as far as its like has been run
  bool at_least = false;                      // some runs of it have no like yet
};

StudyStatus status_of(const runs::Store& store, const runs::StudyRecord& study);

// A grid of cells and seeds by phases and tasks, and below it what runs and what has failed; JSON has everything.
std::string write(const StudyStatus& status, report::Format format);

}  // namespace vaso::cli
