#include "run_execution.hpp"

#include "exit_codes.hpp"
#include "home.hpp"
#include "revision.hpp"
#include "run_progress.hpp"
#include "stop_signals.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>
#include <cctype>
#include <csignal>
#include <cstdlib>
#include <fstream>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr auto progress_written_after = std::chrono::seconds(2);

// "masking.strategy=random seed=1" → "masking.strategy-random-seed-1": harmless in every shell and file system.
std::string file_safe(const std::string& label) {
  std::string name;
  for (const char c : label) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_';
    if (plain) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  while (!name.empty() && name.back() == '-') name.pop_back();
  return name.substr(0, 80);
}

void write_text(const fs::path& file, const std::string& text) {
  std::ofstream stream(file, std::ios::binary | std::ios::trunc);
  stream << text;
  stream.close();
  if (!stream) throw std::runtime_error(fmt::format("{} cannot be written: is the disk full?", shown(file)));
}

// What a worker says of itself: at the beginning where it computes, at the end what it took.
void record(runs::Run& run, const std::string& json) {
  const Json answer = Json::parse(json, nullptr, false);
  if (!answer.is_object()) return;
  run.device = answer.value("device", run.device);
  run.libtorch = answer.value("libtorch", run.libtorch);
  run.threads = answer.value("threads", run.threads);
  run.host = answer.value("host", run.host);
  run.peak_memory = std::max(run.peak_memory, answer.value("peak_memory", std::int64_t{0}));
  run.stopped_early = answer.value("stopped_early", run.stopped_early);
}

runs::Status status_of(const WorkerEnd& end) {
  if (end.ok()) return runs::Status::finished;
  const bool asked = end.stopped && (end.signal == SIGTERM || end.signal == SIGKILL);
  if (asked || (end.signal == 0 && end.exit_code == exit_interrupted)) return runs::Status::interrupted;
  return runs::Status::failed;
}

std::string hint_for(const WorkerEnd& end) {
  if (end.signal == SIGKILL && !end.stopped) {
    return "SIGKILL comes from a person, a job scheduler, or the kernel when memory is short: a smaller batch_size "
           "needs less.\n";
  }
  if (end.signal == SIGSEGV || end.signal == SIGABRT || end.signal == SIGBUS) {
    return "A crash inside native code; plugins are the first to suspect: `vaso show` lists those of the run.\n";
  }
  return {};
}

// "finished in 0:38, 312 MiB of memory", "failed after 0:02".
std::string outcome(const runs::Run& run) {
  switch (run.status) {
    case runs::Status::finished:
      return fmt::format("finished in {}, {} of memory", duration(run.wall_seconds), bytes(run.peak_memory));
    case runs::Status::interrupted:
      return fmt::format("interrupted after {}", duration(run.wall_seconds));
    case runs::Status::failed:
      return fmt::format("failed after {}", duration(run.wall_seconds));
    case runs::Status::planned:
    case runs::Status::running:
      break;
  }
  return runs::to_text(run.status);
}

void make_folder(runs::Store& store, runs::Run& run, const std::string& home) {
  if (run.folder.empty()) {
    const std::string label = file_safe(run.label);
    run.folder = fs::absolute(home).lexically_normal() /
                 fmt::format("{:04}-{}{}{}", run.id, run.phase, label.empty() ? "" : "-", label);
    store.update(run);  // before the folder is there: whoever finds the row after a crash knows where to go on
  }
  fs::create_directories(run.folder);
  write_text(fs::path(run.folder) / "config.toml", run.config_toml);
}

}  // namespace

bool begin(runs::Store& store, runs::Run& run, std::int64_t newest, const std::vector<runs::PluginUsed>& plugins,
           const Settings& settings, const std::string& home) {
  run.status = runs::Status::running;
  run.created = run.started = now_utc();
  run.host = host_name();
  run.version = source_version;
  run.revision = source_revision;
  run.dirty = source_dirty;
  run.pid = getpid();
  const std::optional<std::int64_t> id =
      newest < 0 ? store.add(run, plugins, settings) : store.claim(run, newest, plugins, settings);
  if (!id) return false;
  run.id = *id;
  make_folder(store, run, home);
  return true;
}

bool reopen(runs::Store& store, runs::Run& run, const std::string& home) {
  const runs::Status before = run.status;
  run.status = runs::Status::running;
  run.finished.clear();
  run.message.clear();
  run.exit_code = run.signal = 0;
  run.host = host_name();
  run.pid = getpid();
  ++run.resumed;
  if (!store.update_if(before, run)) return false;
  make_folder(store, run, home);
  return true;
}

void record_failure(runs::Store& store, runs::Run& run, const std::string& why) {
  run.status = runs::Status::failed;
  run.finished = now_utc();
  run.pid = 0;
  run.message = why;
  store.update(run);
}

std::int64_t threads_of(const runs::Run& run) {
  // As the worker writes it: "aten=2 opencv=1 blas=2".
  constexpr std::string_view key = "aten=";
  const std::size_t at = run.threads.find(key);
  return at == run.threads.npos ? 0 : std::strtoll(run.threads.c_str() + at + key.size(), nullptr, 10);
}

RunningRun::RunningRun(runs::Store& store, LiveView& view, const EventLines& events, Execution execution)
    : store_(store), view_(view), events_(events), execution_(std::move(execution)), began_(Clock::now()) {
  runs::Run& run = execution_.run;
  WorkerCall call;
  call.arguments = {"run",
                    "--phase",
                    run.phase,
                    "--config",
                    fs::path(run.folder) / "config.toml",
                    "--folder",
                    run.folder,
                    "--run",
                    std::to_string(run.id)};
  const auto add = [&](const char* option, const std::string& value) {
    call.arguments.insert(call.arguments.end(), {option, value});
  };
  if (!execution_.weights.empty()) add("--weights", execution_.weights);
  for (const std::string& folder : execution_.plugins) add("--plugins", folder);
  if (execution_.threads > 0) add("--threads", std::to_string(execution_.threads));
  add("--home", execution_.home);
  if (execution_.resume) call.arguments.push_back("--resume");
  call.log = fs::path(run.folder) / "log.txt";
  call.event = [this](const experiment::Event& event) { handle(event); };
  worker_.emplace(std::move(call));
  view_.open(execution_.slot, execution_.tag, execution_.name);
  run.pid = worker_->pid();
  store_.update(run);
  events_.start(run, execution_.resume);
}

double RunningRun::seconds() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

void RunningRun::handle(const experiment::Event& event) {
  using Kind = experiment::Event::Kind;
  switch (event.kind) {
    case Kind::stage:
      stage_ = event.text;
      view_.stage(execution_.slot, event.text);
      break;
    case Kind::progress:
      tell_progress(event);
      break;
    case Kind::note:
      view_.note(execution_.slot, event.text);
      break;
    case Kind::fault:
      faults_ += event.text + "\n";
      break;
    case Kind::result:
      record(execution_.run, event.text);
      store_.update(execution_.run);
      break;
  }
  events_.heard(execution_.run.id, event, view_.meter(execution_.slot).seconds_left());
}

void RunningRun::tell_progress(const experiment::Event& event) {
  view_.update(execution_.slot, event.done, event.total, event.text);
  if (Clock::now() - told_ < progress_written_after) return;
  told_ = Clock::now();
  write_progress(execution_.run.folder,
                 {stage_, event.text, event.done, event.total, view_.meter(execution_.slot).seconds_left()});
}

bool RunningRun::has_ended() {
  worker_->listen();
  const std::optional<WorkerEnd> end = worker_->end();
  if (!end) return false;
  record_end(*end);
  show_end();
  return true;
}

void RunningRun::record_end(const WorkerEnd& end) {
  runs::Run& run = execution_.run;
  run.status = status_of(end);
  run.finished = now_utc();
  run.pid = 0;
  run.wall_seconds += end.wall_seconds;
  run.peak_memory = std::max(run.peak_memory, end.peak_memory);
  run.exit_code = end.exit_code;
  run.signal = end.signal;
  run.message.clear();
  if (run.status == runs::Status::failed) {
    run.message = fmt::format("The worker {}.\n{}", describe(end), hint_for(end));
    run.message += !faults_.empty() ? faults_ : end.last_lines.empty() ? "" : "Its last lines:\n" + end.last_lines;
  } else if (run.status == runs::Status::interrupted) {
    run.message = fmt::format("Stopped; go on with: vaso run {} --resume", run.id);
  }
  while (run.message.ends_with('\n')) run.message.pop_back();
  remove_progress(run.folder);
  store_.absorb_spool(run);
  store_.update(run);
}

void RunningRun::show_end() {
  const runs::Run& run = execution_.run;
  const Paint paint = run.status == runs::Status::finished ? Paint::green
                      : run.status == runs::Status::failed ? Paint::red
                                                           : Paint::yellow;
  view_.note(execution_.slot, err().paint(paint, outcome(run)));
  if (run.status == runs::Status::failed) view_.note(execution_.slot, indent(run.message, "  "));
  view_.close(execution_.slot);
  events_.end(store_, run);
}

int pass_on_stops(int passed, const std::vector<WorkerProcess*>& workers, LiveView& view) {
  for (; passed < StopSignals::requests(); ++passed) {
    const bool at_once = passed > 0;
    for (WorkerProcess* worker : workers) worker->stop(at_once);
    if (workers.empty()) continue;
    view.line(at_once ? "  Stopping at once."
                      : "  Stopping after this step; a checkpoint is written. Press Ctrl-C again to stop at once.");
  }
  return passed;
}

}  // namespace vaso::cli
