// Runs what a plan asks for: parents before those who use them, several at a time, on and on after a failure.
#pragma once

#include "event_lines.hpp"
#include "forecast.hpp"
#include "live_view.hpp"
#include "run_execution.hpp"
#include "study_plan.hpp"

#include <memory>
#include <string>
#include <vector>

namespace vaso::cli {

struct RunnerOptions {
  std::string home;
  std::vector<std::string> plugins;
  std::int64_t workers = 1;
  Policy policy;
};

// Other `vaso` processes may run the same study: a run is claimed in the database before it starts, and one that
// another process works on is waited for.
class StudyRunner {
 public:
  StudyRunner(StudyPlan& plan, runs::Store& store, const RunnerOptions& options, LiveView& view,
              const EventLines& events);

  // Returns when nothing is left to do, or after Ctrl-C (SIGINT, SIGTERM, SIGHUP) when every worker has ended. Throws
  // StoreError; workers are stopped then, and can be gone on with.
  void run();

  const std::vector<std::int64_t>& finished() const { return finished_; }  // runs of the plan, reused ones included
  const std::vector<std::string>& failures() const { return failures_; }   // one line each, with the reason
  const std::vector<std::string>& interrupted() const { return interrupted_; }  // what was stopped, or not started
  bool stopped() const { return requests_ > 0; }

 private:
  enum class State { waiting, elsewhere, running, done, failed, interrupted };
  struct Entry {
    State state = State::waiting;
    std::int64_t run = 0;             // that finished for it, or is running elsewhere
    std::optional<runs::Run> before;  // what was there when the plan was made
    bool announced = false;           // that it is waited for
  };

  bool left_to_do() const;
  std::vector<WorkerProcess*> workers() const;
  void start_ready();
  bool may_start(std::size_t i);
  void start(std::size_t i);
  void launch(std::size_t i, const runs::Run& run, bool resume);
  void wait_for(std::size_t i, const runs::Run& other);
  void look_elsewhere();
  void finish(const RunningRun& ended);
  void mark_done(std::size_t i, const runs::Run& run);
  void fail(std::size_t i, const std::string& why);
  std::optional<runs::Run> equal_now(std::size_t i) const;
  bool failed_elsewhere(std::size_t i, const runs::Run& run) const;
  std::int64_t threads_for(std::size_t i, const runs::Run& run, bool resume) const;
  StudyCounts counts() const;
  std::string tag(std::size_t i) const;
  std::string title(std::size_t i) const;
  void say_title(std::size_t i, const std::string& rest);

  StudyPlan& plan_;
  runs::Store& store_;
  const RunnerOptions& options_;
  LiveView& view_;
  const EventLines& events_;
  std::vector<Entry> entries_;
  std::vector<std::unique_ptr<RunningRun>> running_;
  Forecast forecast_;
  std::vector<std::int64_t> finished_;
  std::vector<std::string> failures_, interrupted_;
  int requests_ = 0;  // to stop
  std::chrono::steady_clock::time_point looked_;
};

}  // namespace vaso::cli
