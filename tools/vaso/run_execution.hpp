// One run from its row to its end: folder, worker, progress, and what is recorded of how it ended.
#pragma once

#include "progress_bar.hpp"
#include "runs/store.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace vaso::cli {

struct Execution {
  runs::Run run;                  // with id and folder
  std::filesystem::path weights;  // of the run that this one builds on; "" = none
  std::vector<std::string> plugins;
  std::string home;
  bool resume = false;
};

// Gives the run an id, a row that says running, and a folder HOME/NNNN-phase[-label] with its config.toml.
void make_row_and_folder(runs::Store& store, runs::Run& run, const std::vector<runs::PluginUsed>& plugins,
                         const std::vector<std::pair<std::string, std::string>>& settings, const std::string& home);

// Takes up a run that stopped: the same row and folder.
void reopen(runs::Store& store, runs::Run& run);

// Starts the worker, shows it, waits, and writes status, times, memory, exit code or signal, and message into the row.
void execute(runs::Store& store, Execution& execution, ProgressBar& bar);

// "finished in 0:38, 312 MiB", "failed: killed by SIGSEGV (…)".
std::string outcome(const runs::Run& run);

}  // namespace vaso::cli
