#include "run_summary.hpp"

#include "home.hpp"
#include "terminal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

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
  if (finished.empty()) return;
  const report::Table table = report::tabulate(store, plan.record, report::StudyTableRequest{});
  if (format == report::Format::text) {
    fmt::print("\n{}\n", out().paint(Paint::bold, plan.experiment + ", " + table.columns.front().phase));
  }
  fmt::print("{}", report::write(table, format));
  if (options.quiet) return;
  std::fflush(stdout);
  std::FILE* stream = format == report::Format::text ? stdout : stderr;
  print_files(store, finished, stream);
  fmt::print(stream, "\n{}\n", out().paint(Paint::bold, "What to try next"));
  const std::string home = options.home_again();
  std::vector<std::pair<std::string, std::string>> ideas = {
      {fmt::format("vaso show {}{}", finished.back(), home), "settings, metric series and plugins of a run"},
      {fmt::format("vaso table {} --format latex{}", plan.record.name, home), "the same for a paper"}};
  if (plan.runs.back().phase == "finetune") {
    ideas.emplace_back(fmt::format("vaso predict {} FOLDER --out answers{}", finished.back(), home),
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

std::string summary_table(const StudyPlan& plan, const runs::Store& store, report::Format format) {
  return report::write(report::tabulate(store, plan.record, report::StudyTableRequest{}), format);
}

void print_plan(const StudyPlan& plan, report::Format format, bool quiet) {
  Grid grid{{"phase", "label", "what", "run", "images", "steps"}, {}};
  for (const PlannedRun& run : plan.runs) {
    const bool there = run.action != PlannedRun::Action::start;
    std::string what = to_text(run.action);
    if (run.action == PlannedRun::Action::leave || run.action == PlannedRun::Action::blocked) {
      what += fmt::format(" ({})", runs::to_text(run.existing->status));
    } else if (!there && run.existing && run.existing->status != runs::Status::finished) {
      what += fmt::format(" anew ({} before)", runs::to_text(run.existing->status));
    }
    grid.rows.push_back({run.phase, run.label, what, there ? std::to_string(run.existing->id) : "", grouped(run.images),
                         grouped(run.steps)});
  }
  if (format == report::Format::text && !quiet) {
    fmt::print("{}{}\n\n", out().paint(Paint::bold, plan.experiment), plan.shape.empty() ? "" : ": " + plan.shape);
  }
  fmt::print("{}", write(grid, format));
}

}  // namespace vaso::cli
