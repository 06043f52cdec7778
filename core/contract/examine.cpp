#include "contract/examine.hpp"

#include "contract/checks.hpp"
#include "contract/child.hpp"
#include "contract/global_state.hpp"

#include "train/device.hpp"

#include <algorithm>

namespace vaso::contract {
namespace {

void append(std::vector<Check>& all, std::vector<Check> more) {
  std::move(more.begin(), more.end(), std::back_inserter(all));
}

// In the child: the checks from `first` on.
void run_checks(const plugins::Catalogue& catalogue, const Request& request, const std::vector<Check>& checks,
                std::size_t first, Report& report) {
  train::set_threads(1);
  PluginHost host(catalogue);
  const Subject subject(host, request.component, request.settings);
  const GlobalState before = global_state();
  for (std::size_t i = first; i < checks.size(); ++i) {
    report.begin(checks[i].name, checks[i].cure);
    std::string nothing_more;
    try {
      checks[i].run(subject, report);
    } catch (const NothingMore& end) {
      nothing_more = end.what();
      report.skip(nothing_more);
    } catch (const std::exception& error) {
      report.fail("nothing is thrown", "threw: " + words_of(error));
    } catch (...) {
      report.fail("nothing is thrown", "threw something that is no std::exception");
    }
    report.end();
    report_changes(before, checks[i].name, report);
    restore(before);
    if (!nothing_more.empty()) return report.nothing_more(nothing_more);
  }
}

Result& result_of(std::vector<Result>& results, const std::string& check) {
  const auto found =
      std::find_if(results.begin(), results.end(), [&](const Result& each) { return each.check == check; });
  if (found != results.end()) return *found;
  return results.emplace_back(Result{check, Outcome::passed, {}, 0, {}});
}

void add(std::vector<Result>& results, Result more) {
  Result& place = result_of(results, more.check);
  if (more.outcome != Outcome::passed) place.outcome = more.outcome;
  place.held += more.held;
  if (!more.note.empty()) place.note = more.note;
  std::move(more.failures.begin(), more.failures.end(), std::back_inserter(place.failures));
}

}  // namespace

std::vector<Check> checks_of(const std::string& kind) {
  std::vector<Check> all = card_checks();
  std::vector<Check> parameters = parameter_checks();
  if (kind == "dataset") parameters.insert(parameters.begin() + 2, dataset_file_checks().front());
  append(all, parameters);
  if (kind == "masking") append(all, masking_checks());
  if (kind == "loss") append(all, loss_checks());
  if (kind == "guidance") append(all, guidance_checks());
  if (kind == "dataset") append(all, dataset_checks());
  if (kind == "objective") append(all, objective_checks());
  if (kind == "head") append(all, head_checks());
  return all;
}

std::vector<Result> examine(const plugins::Catalogue& catalogue, const Request& request) {
  const std::vector<Check> checks = checks_of(request.component.substr(0, request.component.find('.')));
  std::vector<Result> results;
  std::string nothing_more;
  for (std::size_t first = 0; first < checks.size() && nothing_more.empty();) {
    Told told = in_child([&](Report& report) { run_checks(catalogue, request, checks, first, report); },
                         request.patience, request.stop);
    if (told.interrupted) return {};
    for (Result& each : told.results) add(results, std::move(each));
    nothing_more = told.nothing_more;
    const auto broken =
        std::find_if(checks.begin(), checks.end(), [&](const Check& check) { return check.name == told.broke_off; });
    if (broken == checks.end()) break;
    first = static_cast<std::size_t>(broken - checks.begin()) + 1;
    if (broken->name == scan_check || broken->name == door_check || broken->name == defaults_check)
      nothing_more = "after that there is nothing to examine";
  }
  for (const Check& check : checks) {
    const bool made =
        std::any_of(results.begin(), results.end(), [&](const Result& each) { return each.check == check.name; });
    if (!made) results.push_back({check.name, Outcome::skipped, nothing_more, 0, {}});
  }
  // In the order of the checks; what goes on beside them comes last.
  const auto position = [&](const Result& result) {
    return std::find_if(checks.begin(), checks.end(), [&](const Check& check) { return check.name == result.check; });
  };
  result_of(results, global_state_check);
  std::stable_sort(results.begin(), results.end(),
                   [&](const Result& a, const Result& b) { return position(a) < position(b); });
  return results;
}

}  // namespace vaso::contract
