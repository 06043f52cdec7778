#include "study_session.hpp"

#include "config/diagnostics.hpp"
#include "event_lines.hpp"
#include "exit_codes.hpp"
#include "home.hpp"
#include "run_summary.hpp"
#include "study_runner.hpp"
#include "terminal.hpp"

#include <fmt/format.h>

namespace vaso::cli {
namespace {

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

void print_failures(const std::vector<std::string>& failures, std::size_t runs) {
  fmt::print(stderr, "\n{}\n", err().paint(Paint::red, fmt::format("{} of {} runs failed:", failures.size(), runs)));
  for (const std::string& failure : failures) fmt::print(stderr, "  {}\n", failure);
}

// How it ended, and what a program may want to know of it.
struct Ending {
  int code = exit_ok;
  std::vector<std::int64_t> finished;
  std::string next;  // the command that goes on
};

Ending run_planned(const StudyRequest& request, report::Format format, const EventLines& events) {
  StudyPlan plan = plan_study(request.file, request);
  if (plan.code != 0) return {plan.code, {}, ""};
  if (request.dry_run) {
    // A dry run leaves nothing behind, not even an empty database.
    if (const auto store = open_existing(request.home)) decide(plan, *store, request.policy);
    if (request.json) {
      events.plan(plan);
    } else {
      print_plan(plan, format, request.quiet);
    }
    return {};
  }
  runs::Store store = open_for_runs(request.home);
  decide(plan, store, request.policy);
  if (!request.waits) {
    if (const int code = refuse_running(plan)) return {code, {}, ""};
  }
  if (!request.original.empty()) plan.record.file = request.original;
  store.put_study(plan.record);
  events.plan(plan);
  const bool quiet = request.quiet || request.json;
  if (!quiet && !plan.shape.empty()) fmt::print(stderr, "{}\n", plan.shape);

  RunnerOptions options{request.home, request.plugins, request.workers > 0 ? request.workers : plan.workers,
                        request.policy};
  LiveView view(err(), stderr, quiet, options.workers > 1);
  StudyRunner runner(plan, store, options, view, events);
  runner.run();
  if (!runner.interrupted().empty()) {
    if (!runner.failures().empty()) print_failures(runner.failures(), plan.runs.size());
    fmt::print(stderr, "\nInterrupted; nothing is lost. Go on with: {}\n", request.go_on);
    return {exit_interrupted, runner.finished(), request.go_on};
  }
  if (request.json) {
    if (!runner.finished().empty()) events.result(summary_table(plan, store, report::Format::json));
  } else {
    print_summary(plan, store, runner.finished(), request.file, format, request);
  }
  if (runner.failures().empty()) return {exit_ok, runner.finished(), ""};
  print_failures(runner.failures(), plan.runs.size());
  fmt::print(stderr, "After mending the cause: {}\n", request.go_on);
  return {exit_run_failed, runner.finished(), request.go_on};
}

}  // namespace

int run_study(const StudyRequest& request, report::Format format) {
  const EventLines events(request.json ? stdout : nullptr, !request.quiet);
  try {
    const Ending ending = run_planned(request, format, events);
    events.done(ending.code, ending.finished, ending.next);
    return ending.code;
  } catch (const config::ConfigError& fault) {
    events.error(fault.what());
    events.done(exit_configuration, {}, "");
    throw;
  } catch (const std::exception& fault) {
    events.error(fault.what());
    events.done(exit_failure, {}, "");
    throw;
  }
}

std::string overrides_again(const Common& options) {
  std::string text;
  for (const std::string& assignment : options.overrides) text += fmt::format(" --set '{}'", assignment);
  return text;
}

}  // namespace vaso::cli
