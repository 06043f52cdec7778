// vaso table: runs compared.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace vaso::cli {
namespace {

// "a,b" and repeated options alike.
std::vector<std::string> split(const std::vector<std::string>& lists) {
  std::vector<std::string> words;
  for (const std::string& list : lists) {
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t end = std::min(list.find(',', at), list.size());
      if (end > at) words.push_back(list.substr(at, end - at));
      at = end + 1;
    }
  }
  return words;
}

// A name that no run knows would give an empty table; say so, with near names.
void refuse_unknown_names(const runs::Store& store, const report::TableRequest& request) {
  std::set<std::string> series, settings = {"phase", "experiment", "seed", "run"};
  for (const runs::Run& run : store.all()) {
    for (const std::string& name : store.series(run.id)) series.insert(name);
    for (const auto& [path, value] : store.settings(run.id)) settings.insert(path);
  }
  for (const std::string& metric : request.metrics) {
    const std::string name = metric.substr(metric.find(':') + 1);  // all of it where there is no colon
    if (!series.contains(name)) {
      throw UsageError(with_suggestion(fmt::format("no run logged `{}`", name), name, {series.begin(), series.end()}));
    }
  }
  for (const std::string& path : request.by) {
    if (!settings.contains(path)) {
      throw UsageError(
          with_suggestion(fmt::format("no run has a setting `{}`", path), path, {settings.begin(), settings.end()}));
    }
  }
}

}  // namespace

int table(const Arguments& arguments) {
  Common options;
  std::vector<std::string> by, metrics;
  report::TableRequest request;
  CommandLine line(
      "table", "--by SETTING --metric NAME [options]",
      "Compares finished runs: a row per value of the settings, a column per metric, mean ± standard deviation\n"
      "where there are several seeds. A metric is the last value of its series, or with best:, first: or mean:\n"
      "before its name the largest, the first, the mean.");
  line.list(by, "by", "SETTING,…", "settings that make the rows; also phase, experiment, seed, run")
      .list(metrics, "metric", "NAME,…", "metric series that make the columns")
      .value(request.phase, "phase", "PHASE", "only this phase: segmentor, pretrain or finetune")
      .value(request.experiment, "experiment", "NAME", "only runs of this experiment");
  options.take_home(line);
  options.take_format(line);
  line.example("vaso table --by masking.strategy --metric loss,masked_vessel_share", "")
      .example("vaso table --by masking.strategy,masking.ratio --metric first:loss,loss --format latex",
               "booktabs, for a paper")
      .example("vaso table --by downstream.task,masking.strategy --metric test.dice,test.cl_dice",
               "what each pre-training was worth");
  if (!line.parse(arguments)) return exit_ok;
  const report::Format format = parse_format(options.format);
  request.by = split(by);
  request.metrics = split(metrics);
  if (request.by.empty() || request.metrics.empty()) {
    throw UsageError("`vaso table` needs --by and --metric, e.g. --by masking.strategy --metric loss");
  }
  const auto store = open_existing(options.home);
  if (!store) {
    say_no_runs(options.home);
    return exit_ok;
  }
  refuse_unknown_names(*store, request);
  std::string text = report::write(report::tabulate(*store, request), format);
  if (!text.ends_with('\n')) text += '\n';
  fmt::print("{}", text);
  return exit_ok;
}

}  // namespace vaso::cli
