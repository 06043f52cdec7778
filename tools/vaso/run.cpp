// vaso run: an experiment file becomes finished runs.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "installation.hpp"
#include "run_execution.hpp"
#include "stop_signals.hpp"
#include "study_session.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

struct RunOptions : Common {
  std::vector<std::string> words;
  std::int64_t workers = 0;
  bool dry_run = false, resume = false, again = false;
};

int run_file(const RunOptions& options, report::Format format) {
  StudyRequest request(options, experiment_file(options.words.front()));
  request.workers = options.workers;
  request.policy.resume = options.resume;
  request.policy.again = options.again;
  request.dry_run = options.dry_run;
  request.go_on =
      fmt::format("vaso run {} --resume{}{}", options.words.front(), overrides_again(options), options.home_again());
  return run_study(request, format);
}

// A resumed run is promised to equal an uninterrupted one; with other plugins it cannot.
void warn_of_changed_plugins(const runs::Store& store, const runs::Run& run) {
  for (const runs::PluginUsed& plugin : store.plugins(run.id)) {
    if (!fs::exists(plugin.file) || runs::sha256_file(plugin.file) != plugin.sha256) {
      fmt::print(stderr, "{} {} is not the file that run {} began with: the result may differ.\n",
                 err().paint(Paint::yellow, "note:"), plugin.file, run.id);
    }
  }
}

// Runs one that was reopened to its end.
int follow(runs::Store& store, const Execution& execution, const RunOptions& options) {
  LiveView view(err(), stderr, options.quiet || options.json, false);
  const EventLines events(options.json ? stdout : nullptr, !options.quiet);
  const runs::Run& run = execution.run;
  view.line(err().paint(Paint::bold, fmt::format("run {}: {} {}", run.id, run.phase, run.label)));
  RunningRun running(store, view, events, execution);
  for (int passed = 0; !running.has_ended(); passed = pass_on_stops(passed, {&running.worker()}, view)) {
    wait_for_news({&running.worker()}, std::chrono::seconds(1));
  }
  const runs::Status status = running.run().status;
  const int code = status == runs::Status::finished      ? exit_ok
                   : status == runs::Status::interrupted ? exit_interrupted
                                                         : exit_run_failed;
  const std::string go_on = fmt::format("vaso run {} --resume{}", run.id, options.home_again());
  const std::string look = fmt::format("vaso show {}{}", run.id, options.home_again());
  events.done(code, code == exit_ok ? std::vector{run.id} : std::vector<std::int64_t>{}, code == exit_ok ? "" : go_on);
  if (!options.quiet) view.line(fmt::format("Next: {}", code == exit_ok ? look : go_on));
  return code;
}

int resume_run(const RunOptions& options) {
  if (!fs::exists(database_file(options.home))) {
    say_no_runs(options.home);
    return exit_usage;
  }
  runs::Store store = open_for_runs(options.home);
  Execution execution;
  execution.run = find_run(store, options.words.front());
  runs::Run& run = execution.run;
  if (run.status == runs::Status::finished) {
    fmt::print("Run {} has finished; there is nothing to resume.\n", run.id);
    return exit_ok;
  }
  if (run.status == runs::Status::running) {
    fmt::print(stderr, "{} run {} is running: process {} on {}.\n", err().paint(Paint::red, "error:"), run.id, run.pid,
               run.host);
    return exit_failure;
  }
  if (run.parent != 0) {
    const auto parent = store.get(run.parent);
    execution.weights = parent ? fs::path(parent->folder) / weights_file(parent->phase) : fs::path();
    if (!parent || !fs::exists(execution.weights)) {
      fmt::print(stderr, "{} the weights of run {}, which run {} uses, are gone. Run the experiment file again.\n",
                 err().paint(Paint::red, "error:"), run.parent, run.id);
      return exit_failure;
    }
  }
  warn_of_changed_plugins(store, run);
  execution.home = options.home;
  execution.plugins = options.plugins;
  execution.resume = true;
  execution.threads = threads_of(run);
  const StopSignals hold;
  if (!reopen(store, run, options.home)) {
    fmt::print(stderr, "{} another process has just taken up run {}.\n", err().paint(Paint::red, "error:"), run.id);
    return exit_failure;
  }
  return follow(store, execution, options);
}

bool is_number(const std::string& word) { return !word.empty() && std::all_of(word.begin(), word.end(), ::isdigit); }

}  // namespace

int run(const Arguments& arguments) {
  RunOptions options;
  CommandLine line(
      "run", "FILE [options]  |  vaso run ID --resume",
      "Runs what an experiment file describes: checks it, then every phase of every cell of its study, each in a\n"
      "process of its own. Equal runs that have finished are reused. Everything is recorded in HOME/vaso.db.");
  line.words(options.words, 1, 1, "an experiment file, or the number of a run to resume")
      .of({Value::experiment, Value::run});
  options.take_experiment(line);
  options.take_home(line);
  line.flag(options.dry_run, "dry-run", "say what would run, with steps and images, and stop")
      .flag(options.resume, "resume", "go on with runs that were interrupted or failed, instead of starting anew")
      .flag(options.again, "again", "run even if an equal run has finished")
      .value(options.workers, "workers", "N", "runs at a time; they share the cores (default: study.workers, else 1)");
  options.take_format(line);
  options.take_quiet(line);
  options.take_json(line);
  line.example("vaso run experiments/quickstart.toml", "a first experiment, on generated images")
      .example("vaso run experiments/quickstart.toml --dry-run", "what it would do")
      .example("vaso run study.toml --set masking.ratio=0.6 --set 'study.seeds=[1,2,3]'", "with other settings")
      .example("vaso run study.toml --resume", "after Ctrl-C, a crash or a power cut")
      .example("vaso run 7 --resume", "one run of it, from its recorded configuration")
      .example("vaso run study.toml --json | jq -c 'select(.event == \"end\") | .metrics'", "results as they come");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  options.check_json();
  const std::string& word = options.words.front();
  if (!is_number(word) || fs::exists(word)) return run_file(options, format);
  if (!options.resume)
    throw UsageError(fmt::format("run {} exists only to be resumed: vaso run {} --resume", word, word));
  if (!options.overrides.empty())
    throw UsageError("a resumed run keeps its settings: --set makes another run, from its file.");
  return resume_run(options);
}

}  // namespace vaso::cli
