// vaso export csv, tensorboard, mlflow: runs for other programs.
#include "exit_codes.hpp"
#include "export/csv.hpp"
#include "export/mlflow.hpp"
#include "export/tensorboard.hpp"
#include "home.hpp"
#include "http.hpp"
#include "progress_bar.hpp"
#include "terminal.hpp"
#include "verbs.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <set>

namespace vaso::cli {
namespace {

struct Selection : Common {
  std::vector<std::string> words;  // run numbers
  std::string study, experiment, phase;

  void take(CommandLine& line) {
    line.words(words, 0, 10000, "run numbers")
        .of({Value::run})
        .value(study, "study", "NAME", "only runs that this study shows")
        .of({Value::study})
        .value(experiment, "experiment", "NAME", "only runs of this experiment")
        .of({Value::experiment_name})
        .value(phase, "phase", "PHASE", "only this phase: segmentor, pretrain or finetune")
        .choices({"segmentor", "pretrain", "finetune"});
    take_home(line);
    take_quiet(line);
  }
};

std::set<std::int64_t> runs_of_study(const runs::Store& store, const std::string& name) {
  const auto study = store.study(name);
  if (!study) throw UsageError(with_suggestion(fmt::format("there is no study `{}`", name), name, store.studies()));
  const auto standing = store.standing_for_identity();
  std::set<std::int64_t> ids;
  for (const runs::StudyRun& run : study->runs) {
    if (const auto found = standing.find(run.identity); found != standing.end()) ids.insert(found->second);
  }
  return ids;
}

std::vector<runs::Run> selected(const runs::Store& store, const Selection& selection) {
  std::set<std::int64_t> wanted;
  for (const std::string& word : selection.words) wanted.insert(find_run(store, word).id);
  std::vector<runs::Run> runs = store.all();
  const auto keep = [&](const char* what, const std::string& name, std::string runs::Run::*field) {
    if (name.empty()) return;
    std::set<std::string> known;
    for (const runs::Run& run : runs) known.insert(run.*field);
    if (!known.contains(name)) {
      throw UsageError(
          with_suggestion(fmt::format("no run has the {} `{}`", what, name), name, {known.begin(), known.end()}));
    }
    std::erase_if(runs, [&](const runs::Run& run) { return run.*field != name; });
  };
  keep("experiment", selection.experiment, &runs::Run::experiment);
  keep("phase", selection.phase, &runs::Run::phase);
  if (!wanted.empty()) std::erase_if(runs, [&](const runs::Run& run) { return !wanted.contains(run.id); });
  if (!selection.study.empty()) {
    const auto shown_runs = runs_of_study(store, selection.study);
    std::erase_if(runs, [&](const runs::Run& run) { return !shown_runs.contains(run.id); });
  }
  return runs;
}

// `write` gets what was selected, and a bar's progress to call.
int export_runs(
    const Selection& selection,
    const std::function<void(const runs::Store&, const std::vector<runs::Run>&, const exporting::Progress&)>& write) {
  const auto store = open_existing(selection.home);
  if (!store) {
    say_no_runs(selection.home);
    return exit_ok;
  }
  const std::vector<runs::Run> runs = selected(*store, selection);
  ProgressBar bar(err(), stderr, selection.quiet);
  write(*store, runs, [&](std::int64_t done) { bar.update(done, static_cast<std::int64_t>(runs.size()), "runs"); });
  return exit_ok;
}

}  // namespace

int export_csv(const Arguments& arguments) {
  Selection selection;
  std::string folder = "csv";
  CommandLine line(
      "export csv", "[RUN…] [options]",
      "Writes runs.csv, settings.csv, metrics.csv, per_image.csv and conventions.csv: tidy tables, joined by\n"
      "the run's number.");
  selection.take(line);
  line.value(folder, "out", "DIR", "where to (default: csv)");
  line.example("vaso export csv --out tables", "all runs")
      .example("vaso export csv --study ablation --phase finetune", "what a study shows");
  if (!line.parse(arguments)) return exit_ok;
  return export_runs(selection, [&](const auto& store, const auto& runs, const auto& progress) {
    exporting::write_csv(store, runs, folder, progress);
    fmt::print("{}: {} runs\n", shown(folder), runs.size());
  });
}

int export_tensorboard(const Arguments& arguments) {
  Selection selection;
  std::string folder = "tensorboard";
  CommandLine line(
      "export tensorboard", "[RUN…] [options]",
      "Writes event files, a folder per run: every metric series as a scalar (TensorBoard keeps single precision),\n"
      "settings as text. Repeated, it replaces them. The database keeps no time per point, so choose the step axis.");
  selection.take(line);
  line.value(folder, "out", "DIR", "where to (default: tensorboard)");
  line.example("vaso export tensorboard && tensorboard --logdir tensorboard", "all runs")
      .example("vaso export tensorboard 12 13 --out /tmp/two", "two of them");
  if (!line.parse(arguments)) return exit_ok;
  return export_runs(selection, [&](const auto& store, const auto& runs, const auto& progress) {
    const std::int64_t points = exporting::write_tensorboard(store, runs, folder, progress);
    fmt::print("{}: {} runs, {} points\n", shown(folder), runs.size(), grouped(points));
  });
}

int export_mlflow(const Arguments& arguments) {
  Selection selection;
  const char* const preset = std::getenv("MLFLOW_TRACKING_URI");
  std::string uri = preset == nullptr ? "" : preset;
  CommandLine line(
      "export mlflow", "[RUN…] --uri URI [options]",
      "Sends runs to an MLflow tracking server: settings as parameters, series as metrics, status and provenance as "
      "tags.\n"
      "Repeated, it adds what is new and brings up to date what has gone on. A folder of MLflow's own (`mlruns`) is "
      "not\n"
      "written: MLflow refuses them since 2026; `mlflow server` on the folder's database takes the same runs.");
  selection.take(line);
  line.value(uri, "uri", "URI", "http://HOST:PORT of the server (default: MLFLOW_TRACKING_URI)");
  line.example("mlflow server --port 5000 & vaso export mlflow --uri http://127.0.0.1:5000", "")
      .example("vaso export mlflow --study ablation", "with MLFLOW_TRACKING_URI set; credentials as MLflow takes them");
  if (!line.parse(arguments)) return exit_ok;
  if (!uri.starts_with("http://") && !uri.starts_with("https://")) {
    throw UsageError(uri.empty() ? "`vaso export mlflow` needs a server: --uri http://127.0.0.1:5000"
                                 : fmt::format("`{}` is no server: --uri wants http://HOST:PORT, and `mlflow server "
                                               "--backend-store-uri sqlite:///mlflow.db` makes one of a file",
                                               uri));
  }
  return export_runs(selection, [&](const auto& store, const auto& runs, const auto& progress) {
    const exporting::MlflowReport report = exporting::write_mlflow(store, runs, http_server(uri), progress);
    fmt::print("{}: {} runs added, {} brought up to date, {} there already; {} points\n", uri, report.created,
               report.updated, report.unchanged, grouped(report.points));
    if (report.cut > 0) {
      fmt::print(stderr, "{} setting{} longer than MLflow takes {} cut.\n", report.cut, report.cut == 1 ? "" : "s",
                 report.cut == 1 ? "was" : "were");
    }
  });
}

}  // namespace vaso::cli
