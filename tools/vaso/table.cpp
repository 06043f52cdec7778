// vaso table: runs compared.
#include "exit_codes.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "named_study.hpp"
#include "report/formats.hpp"
#include "verbs.hpp"
#include "word_list.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace vaso::cli {
namespace {

struct TableOptions : Common {
  std::vector<std::string> words, by, metrics;
  std::string phase, experiment, baseline;
  std::string layout, spread = "sd", pairing = "seed", test = "wilcoxon", level = "0.05";
  bool strict = false, standalone = false;

  bool of_study() const { return !words.empty(); }
};

double parse_level(const std::string& text) {
  double level = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), end, level).ptr != end || !(level > 0 && level <= 0.5)) {
    throw UsageError(
        fmt::format("`--level {}`: the level of a test is a number above 0, up to 0.5, such as 0.05", text));
  }
  return level;
}

report::AnalysisRequest analysis_of(const TableOptions& options) {
  return {report::parse_spread(options.spread), report::parse_pairing(options.pairing),
          report::parse_test(options.test), parse_level(options.level)};
}

report::Appearance appearance_of(const TableOptions& options) {
  report::Appearance appearance;
  appearance.format = parse_format(options.format);
  appearance.layout = options.layout.empty() ? (options.of_study() ? report::Layout::main : report::Layout::plain)
                                             : report::parse_layout(options.layout);
  appearance.standalone = options.standalone;
  if (options.standalone && appearance.format != report::Format::latex) {
    throw UsageError("--standalone makes a LaTeX document: it goes with --format latex");
  }
  return appearance;
}

void refuse_mixture(const TableOptions& options) {
  if (options.of_study()) {
    if (!options.by.empty()) {
      throw UsageError("a study has its rows already: give its name, or --by with settings, but not both");
    }
    if (!options.experiment.empty()) throw UsageError("--experiment chooses runs for --by; a study knows its own");
  } else if (options.by.empty() || options.metrics.empty()) {
    throw UsageError(
        "`vaso table` needs a study (`vaso table NAME`), or --by and --metric, e.g. --by masking.strategy --metric "
        "loss");
  }
}

report::Table table_of(const runs::Store& store, const TableOptions& options, report::Layout layout) {
  if (!options.of_study())
    return report::tabulate(store, {options.by, options.metrics, options.phase, options.experiment});
  report::StudyTableRequest request{options.metrics, options.phase};
  if (layout == report::Layout::detection && request.metrics.empty()) {
    request.metrics = {"test.ap50", "test.ap75", "test.ap"};
  }
  return report::tabulate(store, named_study(store, options.words.front()), request);
}

void require_baseline(const report::Table& table, const TableOptions& options) {
  const bool has =
      std::any_of(table.rows.begin(), table.rows.end(), [](const report::Row& row) { return row.baseline; });
  const bool needs = options.layout == "ablation" || options.pairing == "column";
  if (!has && needs && table.rows.size() > 1) {
    throw UsageError(fmt::format("{} needs a row to compare with: say --baseline ROW, such as --baseline \"{}\"",
                                 options.layout == "ablation" ? "--layout ablation" : "--pair column",
                                 table.rows.front().name()));
  }
}

int print_table(const runs::Store& store, const TableOptions& options) {
  const report::AnalysisRequest request = analysis_of(options);
  const report::Appearance appearance = appearance_of(options);
  report::Table table = table_of(store, options, appearance.layout);
  if (!options.baseline.empty()) report::set_baseline(table, options.baseline);
  require_baseline(table, options);
  // A plain table without a baseline compares nothing, so there is nothing to test.
  const bool tested = appearance.layout != report::Layout::plain || !options.baseline.empty() || options.of_study();
  const report::Analysis analysis =
      tested ? report::analyse(table, store, request) : report::summarised(table, request);
  fmt::print("{}", report::write(table, analysis, appearance));
  const auto differences = std::count_if(table.findings.begin(), table.findings.end(),
                                         [](const report::Finding& finding) { return finding.is_difference(); });
  if (!options.strict || differences == 0) return exit_ok;
  fmt::print(stderr, "vaso: --strict: the runs of this table differ in {} thing{} beside what it compares\n",
             differences, differences == 1 ? "" : "s");
  return exit_unlike;
}

}  // namespace

int table(const Arguments& arguments) {
  TableOptions options;
  CommandLine line(
      "table", "STUDY [options], or --by SETTING,… --metric NAME,… [options]",
      "Compares finished runs. Of a study: a row per cell, a column per task and metric, cells that have not been run\n"
      "shown as missing. With --by: a row per value of the settings. A metric is the last value of its series, or "
      "with\n"
      "best:, first: or mean: before its name the best, the first, the mean; TASK/NAME is that of one task.\n"
      "\n"
      "Where there is a baseline (a study says it, or --baseline), each row is tested against it: a paired t-test and\n"
      "an exact Wilcoxon signed-rank test, Holm-corrected over the table. What few seeds cannot show is said.\n"
      "\n"
      "Under the table stands what the runs differ in beside the settings that it compares: other settings, data,\n"
      "plugins, source revision, device, LibTorch, thread pools, ways of computing a metric; and which runs had\n"
      "uncommitted changes, ended early or were taken up again. With --strict a difference ends with exit code 7.");
  line.words(options.words, 0, 1, "a study")
      .of({Value::study, Value::experiment})
      .list(options.by, "by", "SETTING,…", "settings that make the rows; also phase, experiment, seed, run")
      .of({Value::setting_path})
      .list(options.metrics, "metric", "NAME,…", "metric series that make the columns; of a study the usual ones")
      .of({Value::metric})
      .value(options.phase, "phase", "PHASE", "only this phase: segmentor, pretrain or finetune")
      .choices({"segmentor", "pretrain", "finetune"})
      .value(options.experiment, "experiment", "NAME", "with --by: only runs of this experiment")
      .of({Value::experiment_name})
      .value(options.layout, "layout", "LAYOUT",
             "plain (default with --by), main (best marked, average rank; default of a study), detection, ablation "
             "(factors as check marks, differences in brackets)")
      .choices({"plain", "main", "detection", "ablation"})
      .value(options.baseline, "baseline", "ROW", "the row that the others are compared with, by its name")
      .value(options.spread, "spread", "SPREAD", "over seeds: sd (default), t or bootstrap (95 % intervals)")
      .choices({"sd", "t", "bootstrap"})
      .value(options.pairing, "pair", "UNIT", "what two rows are paired by in tests: seed (default), image, column")
      .choices({"seed", "image", "column"})
      .value(options.test, "test", "TEST", "which tells rows from the best: wilcoxon (default) or t")
      .choices({"wilcoxon", "t"})
      .value(options.level, "level", "P", "of tests, 0.05 unless given; intervals hold 1 − P")
      .flag(options.strict, "strict", "exit code 7 where the runs differ in more than the table compares")
      .flag(options.standalone, "standalone", "with --format latex: a whole document");
  options.take_home(line);
  options.take_format(line);
  line.example("vaso table ablation", "a study's table, best results marked")
      .example("vaso table ablation --layout ablation --metric vessels/test.dice --format latex",
               "two factors as check marks, differences in brackets, for a paper")
      .example("vaso table main --pair image --spread bootstrap", "tests over the test images")
      .example("vaso table --by masking.strategy --metric loss,masked_vessel_share", "any runs by their settings")
      .example("vaso table --by downstream.task,masking.strategy --metric test.dice,test.cl_dice",
               "what each pre-training was worth");
  if (!line.parse(arguments)) return exit_ok;
  options.by = split_words(options.by);
  options.metrics = split_words(options.metrics);
  refuse_mixture(options);
  try {
    analysis_of(options);
    appearance_of(options);
    const auto store = open_existing(options.home);
    if (!store) {
      say_no_runs(options.home);
      return exit_ok;
    }
    return print_table(*store, options);
  } catch (const std::invalid_argument& fault) {
    throw UsageError(fault.what());
  }
}

}  // namespace vaso::cli
