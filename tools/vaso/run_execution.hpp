// One run from its row to its end: folder, worker, progress, and what is recorded of how it ended.
#pragma once

#include "event_lines.hpp"
#include "live_view.hpp"
#include "runs/store.hpp"
#include "worker_process.hpp"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace vaso::cli {

using Settings = std::vector<std::pair<std::string, std::string>>;  // dotted path, value

// Gives the run a row that says running, a number, and a folder HOME/NNNN-phase[-label] with its config.toml. False
// where another program was faster: see Store::claim, also for `newest`; −1 = whatever others do.
bool begin(runs::Store& store, runs::Run& run, std::int64_t newest, const std::vector<runs::PluginUsed>& plugins,
           const Settings& settings, const std::string& home);

// Takes up a run that stopped: the same row and folder. False where its row has changed since it was read: another
// program was faster.
bool reopen(runs::Store& store, runs::Run& run, const std::string& home);

struct Execution {
  runs::Run run;                  // begun or reopened
  std::filesystem::path weights;  // of the run that this one builds on; "" = none
  std::vector<std::string> plugins;
  std::string home;
  bool resume = false;
  std::int64_t threads = 0;  // what `threads = 0` means; 0 = all cores
  std::size_t slot = 0;      // of the view: any number that is its own there
  std::string tag, name;     // how the view calls it
};

// The worker of one run, listened to and shown.
class RunningRun {
 public:
  // Starts the worker; throws WorkerError.
  RunningRun(runs::Store& store, LiveView& view, const EventLines& events, Execution execution);
  RunningRun(const RunningRun&) = delete;

  WorkerProcess& worker() { return *worker_; }
  // True once it has ended: then status, times, memory, exit code or signal, and message are in its row.
  bool has_ended();
  const runs::Run& run() const { return execution_.run; }
  std::size_t slot() const { return execution_.slot; }
  double seconds() const;  // since it was started

 private:
  void handle(const experiment::Event& event);
  void tell_progress(const experiment::Event& event);
  void record_end(const WorkerEnd& end);
  void show_end();

  runs::Store& store_;
  LiveView& view_;
  const EventLines& events_;
  Execution execution_;
  std::string stage_, faults_;
  std::chrono::steady_clock::time_point began_, told_;
  std::optional<WorkerProcess> worker_;
};

// Passes Ctrl-C on: the first one stops the workers after their step, the second at once. `passed` are those that have
// been; returns how many have been now.
int pass_on_stops(int passed, const std::vector<WorkerProcess*>& workers, LiveView& view);

// Writes into the row that the run could not be started, and why.
void record_failure(runs::Store& store, runs::Run& run, const std::string& why);

// The number of threads that a run computed with, as its row says; 0 where it does not.
std::int64_t threads_of(const runs::Run& run);

}  // namespace vaso::cli
