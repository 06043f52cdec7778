#include "run_execution.hpp"

#include "exit_codes.hpp"
#include "home.hpp"
#include "revision.hpp"
#include "worker_process.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <unistd.h>
#include <cctype>
#include <csignal>
#include <fstream>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using Json = nlohmann::json;

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

}  // namespace

void make_row_and_folder(runs::Store& store, runs::Run& run, const std::vector<runs::PluginUsed>& plugins,
                         const std::vector<std::pair<std::string, std::string>>& settings, const std::string& home) {
  run.status = runs::Status::running;
  run.created = run.started = now_utc();
  run.host = host_name();
  run.version = source_version;
  run.revision = source_revision;
  run.dirty = source_dirty;
  run.pid = getpid();
  run.id = store.add(run, plugins, settings);
  const std::string label = file_safe(run.label);
  const fs::path folder = fs::absolute(home).lexically_normal() /
                          fmt::format("{:04}-{}{}{}", run.id, run.phase, label.empty() ? "" : "-", label);
  run.folder = folder;
  fs::create_directories(folder);
  write_text(folder / "config.toml", run.config_toml);
  store.update(run);
}

void reopen(runs::Store& store, runs::Run& run) {
  run.status = runs::Status::running;
  run.finished.clear();
  run.message.clear();
  run.exit_code = run.signal = 0;
  run.host = host_name();
  run.pid = getpid();
  fs::create_directories(run.folder);
  write_text(fs::path(run.folder) / "config.toml", run.config_toml);
  store.update(run);
}

void execute(runs::Store& store, Execution& execution, ProgressBar& bar) {
  runs::Run& run = execution.run;
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
  if (!execution.weights.empty()) call.arguments.insert(call.arguments.end(), {"--weights", execution.weights});
  for (const std::string& folder : execution.plugins)
    call.arguments.insert(call.arguments.end(), {"--plugins", folder});
  call.arguments.insert(call.arguments.end(), {"--home", execution.home});
  if (execution.resume) call.arguments.push_back("--resume");
  call.log = fs::path(run.folder) / "log.txt";

  std::string faults;
  call.started = [&](pid_t pid) {
    run.pid = pid;
    store.update(run);
  };
  call.stopping = [&](bool at_once) {
    bar.line(at_once ? "Stopping at once."
                     : "Stopping after this step; a checkpoint is written. Press Ctrl-C again to stop at once.");
  };
  call.event = [&](const experiment::Event& event) {
    using Kind = experiment::Event::Kind;
    switch (event.kind) {
      case Kind::stage:
        bar.stage(event.text);
        break;
      case Kind::progress:
        bar.update(event.done, event.total, event.text);
        break;
      case Kind::note:
        bar.line(event.text);
        break;
      case Kind::fault:
        faults += event.text + "\n";
        break;
      case Kind::result:
        record(run, event.text);
        store.update(run);
        break;
    }
  };
  const WorkerEnd end = run_worker(call);
  bar.clear();

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
    run.message += !faults.empty() ? faults : end.last_lines.empty() ? "" : "Its last lines:\n" + end.last_lines;
  } else if (run.status == runs::Status::interrupted) {
    run.message = fmt::format("Stopped; go on with: vaso run {} --resume", run.id);
  }
  while (run.message.ends_with('\n')) run.message.pop_back();
  store.update(run);
}

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

}  // namespace vaso::cli
