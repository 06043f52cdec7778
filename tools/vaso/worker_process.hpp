// Starts `vaso-worker`, listens to what it tells, and finds out how it ended.
//
// The worker is expendable: it may crash, be killed, or be stopped with Ctrl-C. None of that may harm this process, and
// nothing of it may be lost: hence the exit code or signal, the last lines of output, time and memory.
#pragma once

#include "experiment/events.hpp"

#include <sys/types.h>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace vaso::cli {

struct WorkerCall {
  std::vector<std::string> arguments;  // the worker's verb first; `--events FD` is added
  std::filesystem::path log;           // standard output and error are appended here; empty = kept in memory
  std::function<void(const experiment::Event&)> event;
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

// An open descriptor, closed at the end.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return number_; }
  void reset(int number);
  void close() { reset(-1); }

 private:
  int number_;
};

// One worker, from its start to its end. Several may run at a time: see wait_for_news(). Make them while a StopSignals
// lives, so that Ctrl-C in the moment between is counted.
class WorkerProcess {
 public:
  explicit WorkerProcess(WorkerCall call);  // starts it; throws WorkerError
  WorkerProcess(const WorkerProcess&) = delete;
  ~WorkerProcess();  // one that still runs is stopped, and waited for

  pid_t pid() const { return pid_; }
  // SIGTERM: it finishes its step and writes a checkpoint. At once: SIGKILL.
  void stop(bool at_once);
  // Hands on the events that have come. Call it after wait_for_news(); it does not wait.
  void listen();
  // How it ended; nothing while it runs.
  std::optional<WorkerEnd> end();

 private:
  friend void wait_for_news(const std::vector<WorkerProcess*>&, std::chrono::milliseconds);
  void hand_on(std::string_view bytes);

  WorkerCall call_;
  Descriptor events_, output_;
  std::string pending_;  // the beginning of a line
  pid_t pid_ = -1;
  bool talking_ = true;  // its end of the channel is open
  bool stopped_ = false;
  std::chrono::steady_clock::time_point began_;
};

// Sleeps until one of the workers has something to say or has ended, a stop signal arrives, or the time is over.
void wait_for_news(const std::vector<WorkerProcess*>& workers, std::chrono::milliseconds longest);

// Beside the running program.
std::filesystem::path worker_program();

// Runs one to the end. The first SIGINT, SIGTERM or SIGHUP to this process stops it, the second at once. Throws
// WorkerError.
WorkerEnd run_worker(WorkerCall call);

// "ended with code 5", "was killed by SIGSEGV (Segmentation fault)".
std::string describe(const WorkerEnd& end);
std::string signal_name(int signal);  // "SIGSEGV"

}  // namespace vaso::cli
