// From an experiment file to the runs that it takes: which start, which are there already, whose weights each uses.
#pragma once

#include "command_line.hpp"
#include "config/tree.hpp"
#include "runs/store.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vaso::cli {

struct PlannedRun {
  enum class Action {
    start,    // anew
    reuse,    // an equal one has finished
    resume,   // an equal one stopped on its way and is gone on with
    leave,    // an equal one has failed and is left alone
    blocked,  // an equal one is running
  };
  std::string phase;
  std::string task;                 // of phase finetune: the name of its [downstream] table
  std::vector<std::string> levels;  // "guidance=none", "seed=1"; of a run that several cells share, what they share
  std::string label;                // the task and the levels in one line
  config::Node tree;                // resolved, defaults included
  std::string identity;             // experiment::identity
  std::string fingerprint;
  std::vector<runs::PluginUsed> plugins;
  std::int64_t images = 0, steps = 0;
  std::optional<std::size_t> parent;  // the run of the plan whose weights it uses

  Action action = Action::start;
  std::optional<runs::Run> existing;  // the newest equal run that finished, else the newest equal one
};

// "start", "reuse", "resume", "leave", "wait".
const char* to_text(PlannedRun::Action action);

struct StudyPlan {
  std::string experiment;
  std::vector<std::string> factors;  // paths of the settings that vary
  std::string shape;                 // what the worker says about the model
  std::int64_t workers = 1;          // runs at a time, as the file wants it
  std::vector<PlannedRun> runs;      // parents before those who use them; equal ones once
  runs::StudyRecord record;          // the same for the database
  int code = 0;                      // not 0: the check found faults (already shown); `runs` is empty then
};

// Loads and expands the file and has the worker check every cell. Throws ConfigError.
StudyPlan plan_study(const std::filesystem::path& file, const Common& common);

// What to do with equal runs that are there.
struct Policy {
  bool resume = false;       // go on with those that were interrupted or failed, instead of starting anew
  bool again = false;        // start anew whatever is there
  bool keep_failed = false;  // leave those alone that failed
};

// Sets action and existing of every run from the database.
void decide(StudyPlan& plan, const runs::Store& store, const Policy& policy);
// The same for one run, whose equal in the database is `existing`.
void decide(PlannedRun& run, std::optional<runs::Run> existing, const Policy& policy);

// What a phase leaves for those who build on it: "segmentor.safetensors", "encoder.safetensors", "model.safetensors".
std::string weights_file(const std::string& phase);

}  // namespace vaso::cli
