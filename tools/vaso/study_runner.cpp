#include "study_runner.hpp"

#include "experiment/plan.hpp"
#include "home.hpp"
#include "stop_signals.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <thread>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using Action = PlannedRun::Action;

constexpr auto look_elsewhere_after = std::chrono::seconds(1);

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

std::int64_t integer_at(const config::Node& tree, const char* path) {
  const config::Node* node = tree.find(path);
  const auto* number = node == nullptr ? nullptr : std::get_if<std::int64_t>(&node->value);
  return number == nullptr ? 0 : *number;
}

runs::Run row_of(const PlannedRun& planned, const std::string& experiment, std::int64_t parent) {
  runs::Run run;
  run.experiment = experiment;
  run.phase = planned.phase;
  run.label = planned.label;
  run.identity = planned.identity;
  run.seed = integer_at(planned.tree, "seed");
  run.config_toml = config::to_toml(planned.tree, true);
  run.config_json = config::to_json(planned.tree);
  run.data_fingerprint = planned.fingerprint;
  run.parent = parent;
  return run;
}

std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace

StudyRunner::StudyRunner(StudyPlan& plan, runs::Store& store, const RunnerOptions& options, LiveView& view,
                         const EventLines& events)
    : plan_(plan), store_(store), options_(options), view_(view), events_(events), entries_(plan.runs.size()) {
  for (std::size_t i = 0; i < plan_.runs.size(); ++i) {
    const PlannedRun& planned = plan_.runs[i];
    entries_[i].before = planned.existing;
    if (planned.action == Action::reuse) {
      forecast_.learn(planned.phase, planned.task, static_cast<double>(planned.steps), planned.existing->wall_seconds);
    }
  }
}

void StudyRunner::run() {
  const StopSignals hold;  // Ctrl-C must not cut off what is written about a run that has just ended
  while (true) {
    requests_ = pass_on_stops(requests_, workers(), view_);
    if (!stopped()) start_ready();
    view_.count(counts());
    if (running_.empty() && (stopped() || !left_to_do())) break;
    view_.refresh();
    wait_for_news(workers(), look_elsewhere_after);
    for (std::size_t i = 0; i < running_.size();) {
      if (!running_[i]->has_ended()) {
        ++i;
        continue;
      }
      const std::unique_ptr<RunningRun> ended = std::move(running_[i]);
      running_.erase(running_.begin() + static_cast<std::ptrdiff_t>(i));
      finish(*ended);
    }
    look_elsewhere();
  }
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const State state = entries_[i].state;
    if (state == State::waiting || state == State::elsewhere) interrupted_.push_back(title(i));
  }
}

std::vector<WorkerProcess*> StudyRunner::workers() const {
  std::vector<WorkerProcess*> all;
  for (const auto& each : running_) all.push_back(&each->worker());
  return all;
}

bool StudyRunner::left_to_do() const {
  return std::any_of(entries_.begin(), entries_.end(), [](const Entry& entry) {
    return entry.state == State::waiting || entry.state == State::elsewhere;
  });
}

// In the order of the plan, as far as there are workers.
void StudyRunner::start_ready() {
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (entries_[i].state != State::waiting || !may_start(i)) continue;
    // What needs no worker is dealt with at once: it shows what there is to do.
    const Action action = plan_.runs[i].action;
    const bool needs_worker = action == Action::start || action == Action::resume;
    if (needs_worker && running_.size() >= static_cast<std::size_t>(options_.workers)) continue;
    start(i);
  }
}

// Whether the run that it builds on is there. Where that has failed, this one has no chance.
bool StudyRunner::may_start(std::size_t i) {
  const PlannedRun& planned = plan_.runs[i];
  if (!planned.parent) return true;
  const Entry& parent = entries_[*planned.parent];
  if (parent.state == State::failed) {
    fail(i, fmt::format("not started, it needs the {} that failed", plan_.runs[*planned.parent].phase));
  } else if (parent.state == State::interrupted) {
    entries_[i].state = State::interrupted;
    interrupted_.push_back(title(i));
  }
  return parent.state == State::done;
}

std::optional<runs::Run> StudyRunner::equal_now(std::size_t i) const {
  const std::optional<runs::Run>& before = entries_[i].before;
  std::optional<runs::Run> newest = store_.newest_with_identity(plan_.runs[i].identity);
  const bool stands = before && before->status == runs::Status::finished;
  return stands && newest && newest->status != runs::Status::finished ? before : newest;
}

// A run that another process tried while this one had other things to do is not tried a second time.
bool StudyRunner::failed_elsewhere(std::size_t i, const runs::Run& run) const {
  const std::optional<runs::Run>& before = entries_[i].before;
  if (run.status != runs::Status::failed || options_.policy.again) return false;
  return !before || before->id != run.id || before->resumed != run.resumed || before->status != runs::Status::failed;
}

void StudyRunner::start(std::size_t i) {
  PlannedRun& planned = plan_.runs[i];
  const std::optional<runs::Run> newest = store_.newest_with_identity(planned.identity);
  decide(planned, equal_now(i), options_.policy);
  const std::optional<runs::Run>& existing = planned.existing;
  if (existing && failed_elsewhere(i, *existing)) {
    return fail(i, fmt::format("run {} failed in another process: {}", existing->id, first_line(existing->message)));
  }
  switch (planned.action) {
    case Action::reuse:
      say_title(i, fmt::format("reused: run {} of {} is equal", existing->id, existing->finished));
      events_.reuse(*existing);
      return mark_done(i, *existing);
    case Action::leave:
      return fail(i, fmt::format("run {} has failed before: {}", existing->id, first_line(existing->message)));
    case Action::blocked:
      return wait_for(i, *existing);
    case Action::resume:
    case Action::start:
      break;
  }
  const bool resume = planned.action == Action::resume;
  runs::Run run =
      resume ? *existing : row_of(planned, plan_.experiment, planned.parent ? entries_[*planned.parent].run : 0);
  try {
    const std::int64_t seen = options_.policy.again ? -1 : newest ? newest->id : 0;
    const bool ours = resume ? reopen(store_, run, options_.home)
                             : begin(store_, run, seen, planned.plugins, settings_of(plan_, planned), options_.home);
    if (ours) launch(i, run, resume);  // else another process was faster, which the next look will see
  } catch (const runs::StoreError&) {
    throw;
  } catch (const std::exception& error) {  // no worker, a full disk: the next run may fare better
    if (run.id != 0) record_failure(store_, run, error.what());
    fail(i, error.what());
  }
}

void StudyRunner::wait_for(std::size_t i, const runs::Run& other) {
  entries_[i].state = State::elsewhere;
  if (entries_[i].announced) return;
  entries_[i].announced = true;
  say_title(i, fmt::format("waiting for run {}, which process {} on {} works on", other.id, other.pid, other.host));
  events_.wait(other);
}

std::int64_t StudyRunner::threads_for(std::size_t i, const runs::Run& run, bool resume) const {
  if (integer_at(plan_.runs[i].tree, "threads") > 0) return 0;  // the worker reads it in its settings
  // Sums come out in another order with another number of threads: a run that is taken up again keeps its own.
  if (const std::int64_t before = threads_of(run); resume && before > 0) return before;
  if (options_.workers <= 1) return 0;
  return std::max<std::int64_t>(1, std::thread::hardware_concurrency() / options_.workers);
}

void StudyRunner::launch(std::size_t i, const runs::Run& run, bool resume) {
  const PlannedRun& planned = plan_.runs[i];
  say_title(i, fmt::format("{} {} in {}", resume ? "goes on as run" : "run", run.id, shown(run.folder)));
  if (const auto& equal = planned.existing;
      !resume && !options_.policy.again && equal && equal->status != runs::Status::finished) {
    view_.line(fmt::format("  Run {} is equal and was {}: --resume would have gone on with it.", equal->id,
                           runs::to_text(equal->status)));
  }
  Execution execution;
  execution.run = run;
  execution.plugins = options_.plugins;
  execution.home = options_.home;
  execution.resume = resume;
  execution.threads = threads_for(i, run, resume);
  execution.slot = i;
  execution.tag = tag(i);
  execution.name = title(i);
  if (planned.parent) {
    const auto parent = store_.get(entries_[*planned.parent].run);
    execution.weights = fs::path(parent->folder) / weights_file(parent->phase);
  }
  running_.push_back(std::make_unique<RunningRun>(store_, view_, events_, std::move(execution)));
  entries_[i].state = State::running;
}

// Runs of other processes may have ended meanwhile; one that was stopped there goes on here.
void StudyRunner::look_elsewhere() {
  const auto now = std::chrono::steady_clock::now();
  if (stopped() || now - looked_ < look_elsewhere_after) return;
  looked_ = now;
  const auto waited_for = [](const Entry& entry) { return entry.state == State::elsewhere; };
  if (std::none_of(entries_.begin(), entries_.end(), waited_for)) return;
  look_after_running(store_);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    if (!waited_for(entries_[i])) continue;
    decide(plan_.runs[i], equal_now(i), {true, false, false});
    if (plan_.runs[i].action != Action::blocked) entries_[i].state = State::waiting;
  }
}

void StudyRunner::finish(const RunningRun& ended) {
  const std::size_t i = ended.slot();
  const runs::Run& run = ended.run();
  const PlannedRun& planned = plan_.runs[i];
  if (run.status == runs::Status::finished) {
    forecast_.learn(planned.phase, planned.task, static_cast<double>(planned.steps), run.wall_seconds);
    mark_done(i, run);
  } else if (run.status == runs::Status::interrupted) {
    entries_[i].state = State::interrupted;
    interrupted_.push_back(title(i));
  } else {
    fail(i, fmt::format("run {}, see `vaso show {}`", run.id, run.id));
  }
  if (!err().interactive() && entries_.size() > 1) view_.line(to_text(counts()));
}

void StudyRunner::mark_done(std::size_t i, const runs::Run& run) {
  entries_[i].state = State::done;
  entries_[i].run = run.id;
  finished_.push_back(run.id);
}

void StudyRunner::fail(std::size_t i, const std::string& why) {
  entries_[i].state = State::failed;
  failures_.push_back(fmt::format("{}: {}", title(i), why));
  events_.failure(plan_.runs[i], why);
}

StudyCounts StudyRunner::counts() const {
  StudyCounts counts;
  double seconds = 0;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const PlannedRun& planned = plan_.runs[i];
    const State state = entries_[i].state;
    counts.done += state == State::done ? 1 : 0;
    counts.failed += state == State::failed ? 1 : 0;
    counts.running += state == State::running || state == State::elsewhere ? 1 : 0;
    counts.left += state == State::waiting || state == State::interrupted ? 1 : 0;
    if (state != State::waiting && state != State::elsewhere) continue;
    const auto expected = forecast_.seconds(planned.phase, planned.task, static_cast<double>(planned.steps));
    seconds += expected.value_or(0);
    counts.at_least = counts.at_least || !expected;
  }
  for (const auto& each : running_) {
    const PlannedRun& planned = plan_.runs[each->slot()];
    const auto stage = view_.meter(each->slot()).seconds_left();
    const auto whole = forecast_.seconds(planned.phase, planned.task, static_cast<double>(planned.steps));
    seconds += std::max(stage.value_or(0), whole ? *whole - each->seconds() : 0.0);
    counts.at_least = counts.at_least || (!stage && !whole);
  }
  // The last runs share fewer workers than there are; so do those that wait for a parent, which is not foreseen.
  const std::size_t at_a_time = std::min(static_cast<std::size_t>(options_.workers), counts.running + counts.left);
  if (seconds > 0) counts.seconds_left = seconds / static_cast<double>(at_a_time);
  return counts;
}

std::string StudyRunner::tag(std::size_t i) const { return fmt::format("[{}/{}]", i + 1, entries_.size()); }

std::string StudyRunner::title(std::size_t i) const {
  const PlannedRun& run = plan_.runs[i];
  return fmt::format("{} {}{}{}", tag(i), run.phase, run.label.empty() ? "" : "  ", run.label);
}

void StudyRunner::say_title(std::size_t i, const std::string& rest) {
  view_.line(fmt::format("{}  {}", err().paint(Paint::bold, title(i)), err().paint(Paint::dim, rest)));
}

}  // namespace vaso::cli
