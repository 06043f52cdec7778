// vaso run: an experiment file becomes finished runs.
#include "exit_codes.hpp"
#include "experiment/plan.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "run_execution.hpp"
#include "run_summary.hpp"
#include "stop_signals.hpp"
#include "study_plan.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

struct RunOptions : Common {
  std::vector<std::string> words;
  bool dry_run = false, resume = false, again = false;
};

using Settings = std::vector<std::pair<std::string, std::string>>;

// What tables group by: only what the phase depends on, so that a segmentor does not stand in the row of a masking
// strategy.
Settings settings_of(const config::Node& tree) {
  Settings settings;
  for (config::Leaf& leaf : config::leaves(tree)) settings.emplace_back(std::move(leaf.path), std::move(leaf.value));
  return settings;
}

// A fine-tuning is also grouped by how its encoder was pre-trained.
Settings settings_of(const StudyPlan& plan, const PlannedRun& planned) {
  Settings settings = settings_of(experiment::relevant(planned.tree, planned.phase));
  if (planned.phase != "finetune" || !planned.parent) return settings;
  const PlannedRun& parent = plan.runs[*planned.parent];
  for (auto& [path, value] : settings_of(experiment::relevant(parent.tree, parent.phase))) {
    const bool own =
        std::any_of(settings.begin(), settings.end(), [&](const auto& known) { return known.first == path; });
    if (!own) settings.emplace_back(std::move(path), std::move(value));
  }
  return settings;
}

runs::Run row_of(const PlannedRun& planned, const std::string& experiment, std::int64_t parent) {
  runs::Run run;
  run.experiment = experiment;
  run.phase = planned.phase;
  run.label = planned.label;
  run.identity = planned.identity;
  const config::Node* seed = planned.tree.find("seed");
  if (seed != nullptr && std::holds_alternative<std::int64_t>(seed->value))
    run.seed = std::get<std::int64_t>(seed->value);
  run.config_toml = config::to_toml(planned.tree, true);
  run.config_json = config::to_json(planned.tree);
  run.data_fingerprint = planned.fingerprint;
  run.parent = parent;
  return run;
}

void say_end(const runs::Run& run, ProgressBar& bar) {
  const Paint paint = run.status == runs::Status::finished ? Paint::green
                      : run.status == runs::Status::failed ? Paint::red
                                                           : Paint::yellow;
  bar.line(err().paint(paint, outcome(run)));
  if (run.status == runs::Status::failed) fmt::print(stderr, "{}\n", indent(run.message, "    "));
}

// Runs a study from its first run to its last. Counts how they ended.
class Study {
 public:
  Study(StudyPlan& plan, runs::Store& store, const RunOptions& options)
      : plan_(plan), store_(store), options_(options), ids_(plan.runs.size(), 0), bar_(err(), stderr, options.quiet) {}

  void run_all() {
    const StopSignals hold;  // Ctrl-C must not cut off what is written about a run that has just ended
    for (std::size_t i = 0; i < plan_.runs.size() && !interrupted_; ++i) {
      interrupted_ = StopSignals::requests() > 0;
      if (!interrupted_) run_one(i);
    }
  }

  const std::vector<std::int64_t>& finished() const { return finished_; }
  const std::vector<std::string>& failures() const { return failures_; }
  bool interrupted() const { return interrupted_; }

 private:
  std::string title(std::size_t i) const {
    const PlannedRun& run = plan_.runs[i];
    return fmt::format("[{}/{}] {}{}{}", i + 1, plan_.runs.size(), run.phase, run.label.empty() ? "" : "  ", run.label);
  }

  void say_title(std::size_t i, const std::string& rest) const {
    if (!options_.quiet)
      fmt::print(stderr, "{}  {}\n", err().paint(Paint::bold, title(i)), err().paint(Paint::dim, rest));
  }

  void run_one(std::size_t i) {
    PlannedRun& planned = plan_.runs[i];
    if (planned.parent && ids_[*planned.parent] == 0) {
      failures_.push_back(
          fmt::format("{}: not started, it needs the {} that failed", title(i), plan_.runs[*planned.parent].phase));
      return;
    }
    if (planned.action == PlannedRun::Action::reuse) {
      say_title(i, fmt::format("reused: run {} of {} is equal", planned.existing->id, planned.existing->finished));
      ids_[i] = planned.existing->id;
      finished_.push_back(ids_[i]);
      return;
    }
    Execution execution;
    execution.home = options_.home;
    execution.plugins = options_.plugins;
    execution.resume = planned.action == PlannedRun::Action::resume;
    if (execution.resume) {
      execution.run = *planned.existing;
      reopen(store_, execution.run);
    } else {
      execution.run = row_of(planned, plan_.experiment, planned.parent ? ids_[*planned.parent] : 0);
      make_row_and_folder(store_, execution.run, planned.plugins, settings_of(plan_, planned), options_.home);
    }
    if (planned.parent) {
      const auto parent = store_.get(ids_[*planned.parent]);
      execution.weights = fs::path(parent->folder) / weights_file(parent->phase);
    }
    const runs::Run& run = execution.run;
    say_title(i, fmt::format("{} {} in {}", execution.resume ? "goes on as run" : "run", run.id, shown(run.folder)));
    if (!execution.resume && planned.existing && !options_.again &&
        planned.existing->status != runs::Status::finished) {
      bar_.line(fmt::format("Run {} is equal and was {}: --resume would have gone on with it.", planned.existing->id,
                            runs::to_text(planned.existing->status)));
    }
    execute(store_, execution, bar_);
    say_end(run, bar_);
    if (run.status == runs::Status::finished) {
      ids_[i] = run.id;
      finished_.push_back(run.id);
    } else if (run.status == runs::Status::interrupted) {
      interrupted_ = true;
    } else {
      failures_.push_back(fmt::format("{}: run {}, see `vaso show {}`", title(i), run.id, run.id));
    }
  }

  StudyPlan& plan_;
  runs::Store& store_;
  const RunOptions& options_;
  std::vector<std::int64_t> ids_;  // per planned run: the run that finished for it
  std::vector<std::int64_t> finished_;
  std::vector<std::string> failures_;
  bool interrupted_ = false;
  ProgressBar bar_;
};

// A run that another process is working on must not be started twice. Returns how to end.
int refuse_running(const StudyPlan& plan) {
  for (const PlannedRun& run : plan.runs) {
    if (run.action != PlannedRun::Action::blocked) continue;
    const runs::Run& other = *run.existing;
    fmt::print(stderr,
               "{} run {} is equal and is running: process {} on {}, since {}.\n"
               "Wait for it, stop it there, or start a second one with --again.\n",
               err().paint(Paint::red, "error:"), other.id, other.pid, other.host, other.started);
    return exit_failure;
  }
  return exit_ok;
}

int run_file(const RunOptions& options, report::Format format) {
  const fs::path file = options.words.front();
  StudyPlan plan = plan_study(file, options);
  if (plan.code != 0) return plan.code;
  if (options.dry_run) {
    // A dry run leaves nothing behind, not even an empty database.
    if (const auto store = open_existing(options.home)) decide(plan, *store, options.resume, options.again);
    print_plan(plan, format, options.quiet);
    return exit_ok;
  }
  runs::Store store = open_for_runs(options.home);
  decide(plan, store, options.resume, options.again);
  if (const int code = refuse_running(plan)) return code;
  if (!options.quiet && !plan.shape.empty()) fmt::print(stderr, "{}\n", plan.shape);

  Study study(plan, store, options);
  study.run_all();
  if (study.interrupted()) {
    std::string overrides;  // without them it would be another experiment
    for (const std::string& assignment : options.overrides) overrides += fmt::format(" --set '{}'", assignment);
    fmt::print(stderr, "\nInterrupted; nothing is lost. Go on with: vaso run {} --resume{}{}\n", file.string(),
               overrides, options.home_again());
    return exit_interrupted;
  }
  print_summary(plan, store, study.finished(), file, format, options);
  if (study.failures().empty()) return exit_ok;
  fmt::print(stderr, "\n{}\n",
             err().paint(Paint::red, fmt::format("{} of {} runs failed:", study.failures().size(), plan.runs.size())));
  for (const std::string& failure : study.failures()) fmt::print(stderr, "  {}\n", failure);
  return exit_run_failed;
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
  const StopSignals hold;
  reopen(store, run);
  ProgressBar bar(err(), stderr, options.quiet);
  if (!options.quiet) {
    fmt::print(stderr, "{}\n", err().paint(Paint::bold, fmt::format("run {}: {} {}", run.id, run.phase, run.label)));
  }
  execute(store, execution, bar);
  say_end(run, bar);
  switch (run.status) {
    case runs::Status::finished:
      return exit_ok;
    case runs::Status::interrupted:
      return exit_interrupted;
    default:
      return exit_run_failed;
  }
}

bool is_number(const std::string& word) { return !word.empty() && std::all_of(word.begin(), word.end(), ::isdigit); }

}  // namespace

int run(const Arguments& arguments) {
  RunOptions options;
  CommandLine line(
      "run", "FILE [options]  |  vaso run ID --resume",
      "Runs what an experiment file describes: checks it, then every phase of every cell of its study, each in a\n"
      "process of its own. Equal runs that have finished are reused. Everything is recorded in HOME/vaso.db.");
  line.words(options.words, 1, 1, "an experiment file, or the number of a run to resume");
  options.take_experiment(line);
  options.take_home(line);
  line.flag(options.dry_run, "dry-run", "say what would run, with steps and images, and stop")
      .flag(options.resume, "resume", "go on with runs that were interrupted or failed, instead of starting anew")
      .flag(options.again, "again", "run even if an equal run has finished");
  options.take_format(line);
  options.take_quiet(line);
  line.example("vaso run experiments/quickstart.toml", "a first experiment, on generated images")
      .example("vaso run experiments/quickstart.toml --dry-run", "what it would do")
      .example("vaso run study.toml --set masking.ratio=0.6 --set 'study.seeds=[1,2,3]'", "with other settings")
      .example("vaso run study.toml --resume", "after Ctrl-C, a crash or a power cut")
      .example("vaso run 7 --resume", "one run of it, from its recorded configuration");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  const std::string& word = options.words.front();
  if (!is_number(word) || fs::exists(word)) return run_file(options, format);
  if (!options.resume)
    throw UsageError(fmt::format("run {} exists only to be resumed: vaso run {} --resume", word, word));
  if (!options.overrides.empty())
    throw UsageError("a resumed run keeps its settings: --set makes another run, from its file.");
  return resume_run(options);
}

}  // namespace vaso::cli
