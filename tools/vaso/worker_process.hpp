// Starts `vaso-worker`, listens to what it tells, and finds out how it ended.
//
// The worker is expendable: it may crash, be killed, or be stopped with Ctrl-C. None of that may harm this process, and
// nothing of it may be lost: hence the exit code or signal, the last lines of output, time and memory.
#pragma once

#include "experiment/events.hpp"

#include <sys/types.h>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace vaso::cli {

struct WorkerCall {
  std::vector<std::string> arguments;  // the worker's verb first; `--events FD` is added
  std::filesystem::path log;           // standard output and error are appended here; empty = kept in memory
  std::function<void(pid_t)> started;
  std::function<void(const experiment::Event&)> event;
  std::function<void(bool at_once)> stopping;  // Ctrl-C was pressed: once, or again
};

struct WorkerEnd {
  int exit_code = 0;     // meaningless where `signal` is set
  int signal = 0;        // that killed it
  bool stopped = false;  // because we were asked to (SIGINT, SIGTERM, SIGHUP)
  double wall_seconds = 0;
  std::int64_t peak_memory = 0;  // bytes, largest resident set
  std::string last_lines;        // of its output, at most twenty

  bool ok() const { return signal == 0 && exit_code == 0; }
};

// The worker is not there, or no process can be made.
class WorkerError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Beside the running program.
std::filesystem::path worker_program();

// Runs to the end. The first SIGINT, SIGTERM or SIGHUP to this process becomes a SIGTERM to the worker, which then
// finishes its step and writes a checkpoint; the second becomes a SIGKILL. Throws WorkerError.
WorkerEnd run_worker(const WorkerCall& call);

// "ended with code 5", "was killed by SIGSEGV (Segmentation fault)".
std::string describe(const WorkerEnd& end);
std::string signal_name(int signal);  // "SIGSEGV"

}  // namespace vaso::cli
