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
    resume,   // an equal one stopped on its way, and --resume was given
    blocked,  // an equal one is running
  };
  std::string phase;
  std::string task;      // of phase finetune: the name of its [downstream] table
  std::string label;     // factor levels that make it differ; of a run that several cells share, what they share
  config::Node tree;     // resolved, defaults included
  std::string identity;  // experiment::identity
  std::string fingerprint;
  std::vector<runs::PluginUsed> plugins;
  std::int64_t images = 0, steps = 0;
  std::optional<std::size_t> parent;  // the run of the plan whose weights it uses

  Action action = Action::start;
  std::optional<runs::Run> existing;  // the newest equal run that finished, else the newest equal one
};

struct StudyPlan {
  std::string experiment;
  std::vector<std::string> factors;  // setting paths
  std::string shape;                 // what the worker says about the model
  std::vector<PlannedRun> runs;      // parents before those who use them; equal ones once
  int code = 0;                      // not 0: the check found faults (already shown); `runs` is empty then
};

// Loads and expands the file and has the worker check every cell. Throws ConfigError.
StudyPlan plan_study(const std::filesystem::path& file, const Common& common);

// Sets action and existing of every run from the database.
void decide(StudyPlan& plan, const runs::Store& store, bool resume, bool again);

// What a phase leaves for those who build on it: "segmentor.safetensors", "encoder.safetensors", "model.safetensors".
std::string weights_file(const std::string& phase);

}  // namespace vaso::cli
