#include "run_summary.hpp"

#include "home.hpp"
#include "terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

constexpr const char* main_metrics[] = {"test.dice",           "test.cl_dice",   "test.ap50",
                                        "test.ap75",           "test.ap",        "loss",
                                        "masked_vessel_share", "guided_patches", "images_per_second"};

std::vector<std::string> metrics_of(const runs::Store& store, const std::vector<std::int64_t>& ids) {
  std::vector<std::string> logged;
  for (const std::int64_t id : ids) {
    for (const std::string& name : store.series(id)) logged.push_back(name);
  }
  std::vector<std::string> metrics;
  for (const char* name : main_metrics) {
    if (std::find(logged.begin(), logged.end(), name) != logged.end()) metrics.emplace_back(name);
  }
  return metrics;
}

// The database may hold other runs of the same experiment name; this table is about these alone.
void keep_only(report::Table& table, const std::vector<std::int64_t>& ids) {
  for (report::Row& row : table.rows) {
    for (report::Cell& cell : row.cells) {
      report::Cell kept;
      for (std::size_t i = 0; i < cell.runs.size(); ++i) {
        if (std::find(ids.begin(), ids.end(), cell.runs[i]) == ids.end()) continue;
        kept.runs.push_back(cell.runs[i]);
        kept.values.push_back(cell.values[i]);
        kept.seeds.push_back(cell.seeds[i]);
      }
      cell = std::move(kept);
    }
  }
  std::erase_if(table.rows, [](const report::Row& row) {
    return std::all_of(row.cells.begin(), row.cells.end(), [](const report::Cell& cell) { return cell.runs.empty(); });
  });
  table.notes.clear();  // they speak of the rows that were taken out
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : ",") + word;
  return text;
}

const char* word_for(PlannedRun::Action action) {
  switch (action) {
    case PlannedRun::Action::start:
      return "start";
    case PlannedRun::Action::reuse:
      return "reuse";
    case PlannedRun::Action::resume:
      return "resume";
    case PlannedRun::Action::leave:
      return "leave (failed)";
    case PlannedRun::Action::blocked:
      return "is running";
  }
  return "";
}

void print_files(const runs::Store& store, const std::vector<std::int64_t>& ids, std::FILE* stream) {
  Grid files{{"run", "what", "file"}, {}};
  for (const std::int64_t id : ids) {
    const auto run = store.get(id);
    if (!run) continue;
    for (const runs::Artefact& artefact : store.artefacts(id)) {
      const fs::path file = fs::path(run->folder) / artefact.file;
      if (fs::exists(file)) files.rows.push_back({std::to_string(id), artefact.name, shown(file)});
    }
  }
  if (!files.rows.empty()) fmt::print(stream, "\n{}", write(files, report::Format::text));
}

}  // namespace

void print_summary(const StudyPlan& plan, const runs::Store& store, const std::vector<std::int64_t>& finished,
                   const std::string& experiment_file, report::Format format, const Common& options) {
  std::vector<std::int64_t> ids;  // of the last phase: what the study is about
  const std::string phase = plan.runs.back().phase;
  for (const std::int64_t id : finished) {
    const auto run = store.get(id);
    if (run && run->phase == phase) ids.push_back(id);
  }
  if (ids.empty()) return;

  report::TableRequest request;
  request.by = plan.factors;
  if (phase == "finetune") request.by.insert(request.by.begin(), "downstream.task");
  if (request.by.empty()) request.by = {"run"};
  request.metrics = metrics_of(store, ids);
  request.phase = phase;
  request.experiment = plan.experiment;
  if (!request.metrics.empty()) {
    report::Table table = report::tabulate(store, request);
    keep_only(table, ids);
    table.notes = report::convention_notes(store, ids, request.metrics);
    std::string text = report::write(table, format);
    if (!text.ends_with('\n')) text += '\n';
    if (format == report::Format::text) fmt::print("\n{}\n", out().paint(Paint::bold, plan.experiment + ", " + phase));
    fmt::print("{}", text);
  }
  if (options.quiet) return;
  std::fflush(stdout);
  std::FILE* stream = format == report::Format::text ? stdout : stderr;
  print_files(store, finished, stream);
  fmt::print(stream, "\n{}\n", out().paint(Paint::bold, "What to try next"));
  const std::string home = options.home_again();
  std::vector<std::pair<std::string, std::string>> ideas = {
      {fmt::format("vaso show {}{}", ids.back(), home), "settings, metric series and plugins of a run"}};
  if (!request.metrics.empty() && request.by.front() != "run") {
    ideas.emplace_back(fmt::format("vaso table --by {} --metric {} --format latex{}", joined(request.by),
                                   joined(request.metrics), home),
                       "the same for a paper");
  }
  if (phase == "finetune") {
    ideas.emplace_back(fmt::format("vaso predict {} FOLDER --out answers{}", ids.back(), home),
                       "apply what was learned to images");
  } else {
    ideas.emplace_back(fmt::format("vaso run {} --set masking.ratio=0.6{}", experiment_file, home),
                       "change one thing; what is equal is reused");
  }
  ideas.emplace_back("vaso plugins info", "every component and its parameters");
  std::size_t width = 0;
  for (const auto& [command, meaning] : ideas) width = std::max(width, command.size());
  for (const auto& [command, meaning] : ideas) fmt::print(stream, "  {:{}}  {}\n", command, width, meaning);
}

void print_plan(const StudyPlan& plan, report::Format format, bool quiet) {
  Grid grid{{"phase", "label", "what", "run", "images", "steps"}, {}};
  for (const PlannedRun& run : plan.runs) {
    std::string what = word_for(run.action);
    if (run.action == PlannedRun::Action::start && run.existing && run.existing->status != runs::Status::finished) {
      what += fmt::format(" anew ({} before)", runs::to_text(run.existing->status));
    }
    const bool there = run.action != PlannedRun::Action::start;
    grid.rows.push_back({run.phase, run.label, what, there ? std::to_string(run.existing->id) : "", grouped(run.images),
                         grouped(run.steps)});
  }
  if (format == report::Format::text && !quiet) {
    fmt::print("{}{}\n\n", out().paint(Paint::bold, plan.experiment), plan.shape.empty() ? "" : ": " + plan.shape);
  }
  fmt::print("{}", write(grid, format));
}

}  // namespace vaso::cli
