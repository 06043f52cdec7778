#include "study_status.hpp"

#include "forecast.hpp"
#include "grid.hpp"
#include "home.hpp"
#include "run_progress.hpp"
#include "terminal.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <set>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* words[] = {"done", "running", "failed", "interrupted", "missing"};

// Each run once, though several cells may need it.
std::vector<const StudyRunStatus*> distinct(const StudyStatus& status) {
  std::set<std::string> seen;
  std::vector<const StudyRunStatus*> runs;
  for (const StudyRunStatus& run : status.runs) {
    if (seen.insert(run.wanted.identity).second) runs.push_back(&run);
  }
  return runs;
}

void estimate(StudyStatus& status) {
  Forecast forecast;
  const std::vector<const StudyRunStatus*> runs = distinct(status);
  for (const StudyRunStatus* run : runs) {
    if (run->word() == "done") forecast.learn(run->wanted.phase, run->wanted.task, 1, run->run->wall_seconds);
  }
  double seconds = 0;
  for (const StudyRunStatus* run : runs) {
    const std::string word = run->word();
    if (word == "done" || word == "failed") continue;
    const auto whole = forecast.seconds(run->wanted.phase, run->wanted.task, 1);
    const auto left = word == "running" && run->seconds_left ? run->seconds_left : whole;
    seconds += left.value_or(0);
    status.at_least = status.at_least || !left;
  }
  const std::size_t workers = std::max<std::size_t>(status.counts["running"], 1);
  if (seconds > 0) status.seconds_left = seconds / static_cast<double>(workers);
}

std::string column_of(const runs::StudyRun& run) {
  return run.task.empty() ? run.phase : fmt::format("{} {}", run.phase, run.task);
}

std::string cell_text(const StudyRunStatus& run) {
  const std::string word = run.word();
  if (!run.run) return word;
  if (word != "running") return fmt::format("{} ({})", word, run.run->id);
  const std::string left = run.seconds_left ? ", " + duration(*run.seconds_left) + " left" : std::string();
  return fmt::format("{} ({}{})", word, run.run->id, left);
}

Grid grid_of(const StudyStatus& status) {
  std::vector<std::string> columns;
  for (const StudyRunStatus& run : status.runs) {
    const std::string column = column_of(run.wanted);
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) columns.push_back(column);
  }
  Grid grid{{"cell", "seed"}, {}};
  grid.heading.insert(grid.heading.end(), columns.begin(), columns.end());
  for (std::size_t i = 0; i < status.study.cells.size(); ++i) {
    const runs::StudyCell& cell = status.study.cells[i];
    for (const std::int64_t seed : status.study.seeds) {
      std::vector<std::string> row = {cell.name + (cell.baseline ? " *" : ""), std::to_string(seed)};
      row.resize(grid.heading.size());
      for (const StudyRunStatus& run : status.runs) {
        if (run.wanted.cell != i || run.wanted.seed != seed) continue;
        const auto column = std::find(columns.begin(), columns.end(), column_of(run.wanted)) - columns.begin();
        row[static_cast<std::size_t>(column) + 2] = cell_text(run);
      }
      grid.rows.push_back(std::move(row));
    }
  }
  return grid;
}

std::string summary_of(const StudyStatus& status) {
  std::vector<std::string> parts;
  for (const char* word : words) {
    const auto count = status.counts.find(word);
    if (count != status.counts.end() && count->second > 0) parts.push_back(fmt::format("{} {}", count->second, word));
  }
  std::string text = fmt::format("{}", fmt::join(parts, ", "));
  if (status.seconds_left) {
    text += fmt::format("; {} {} to go", status.at_least ? "at least" : "about", duration(*status.seconds_left));
  }
  return text;
}

std::string text_of(const StudyStatus& status) {
  std::string text = fmt::format("{}: {}\n", out().paint(Paint::bold, status.study.name), summary_of(status));
  if (!status.study.question.empty()) text += status.study.question + "\n";
  text += "\n" + write(grid_of(status), report::Format::text);
  const auto baseline = [](const runs::StudyCell& cell) { return cell.baseline; };
  const auto& cells = status.study.cells;
  if (cells.size() > 1 && std::any_of(cells.begin(), cells.end(), baseline)) text += "* the baseline\n";
  const std::vector<const StudyRunStatus*> runs = distinct(status);
  for (const char* word : {"running", "failed", "interrupted"}) {
    for (const StudyRunStatus* run : runs) {
      if (run->word() != word) continue;
      const std::string what = run->word() == "running" ? fmt::format("{}  {}", run->stage, run->text) : run->why();
      const Paint paint = run->word() == "running" ? Paint::cyan : run->word() == "failed" ? Paint::red : Paint::yellow;
      text += fmt::format("\n{} {}: {} {}\n  {}\n", out().paint(paint, word), run->run->id, run->run->phase,
                          run->run->label, what);
    }
  }
  return text;
}

Json json_of(const StudyRunStatus& run) {
  Json out = {{"seed", run.wanted.seed}, {"phase", run.wanted.phase}};
  if (!run.wanted.task.empty()) out["task"] = run.wanted.task;
  out["status"] = run.word();
  if (run.run) out["run"] = run.run->id;
  if (!run.why().empty()) out["why"] = run.why();
  if (!run.stage.empty()) out["stage"] = run.stage;
  if (run.seconds_left) out["seconds_left"] = *run.seconds_left;
  return out;
}

std::string json_of(const StudyStatus& status) {
  Json out = {{"study", status.study.name}, {"question", status.study.question}, {"design", status.study.design},
              {"file", status.study.file},  {"planned", status.study.created},   {"counts", Json::object()},
              {"cells", Json::array()}};
  for (const char* word : words) {
    const auto count = status.counts.find(word);
    out["counts"][word] = count == status.counts.end() ? 0 : count->second;
  }
  if (status.seconds_left) out["seconds_left"] = *status.seconds_left;
  for (std::size_t i = 0; i < status.study.cells.size(); ++i) {
    const runs::StudyCell& cell = status.study.cells[i];
    Json runs = Json::array();
    for (const StudyRunStatus& run : status.runs) {
      if (run.wanted.cell == i) runs.push_back(json_of(run));
    }
    out["cells"].push_back({{"name", cell.name}, {"baseline", cell.baseline}, {"runs", std::move(runs)}});
  }
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string StudyRunStatus::word() const {
  if (!run) return "missing";
  switch (run->status) {
    case runs::Status::finished:
      return "done";
    case runs::Status::running:
      return "running";
    case runs::Status::failed:
      return "failed";
    case runs::Status::interrupted:
      return "interrupted";
    case runs::Status::planned:
      break;
  }
  return "missing";
}

std::string StudyRunStatus::why() const {
  const std::string word = this->word();
  if (word != "failed" && word != "interrupted") return {};
  std::string text = run->message;
  if (text.starts_with("The worker ended with code")) text.erase(0, text.find('\n') + 1);  // what it said tells more
  return text.substr(0, text.find('\n'));
}

StudyStatus status_of(const runs::Store& store, const runs::StudyRecord& study) {
  StudyStatus status{study, {}, {}, {}, false};
  const std::map<std::string, std::int64_t> standing = store.standing_for_identity();
  std::map<std::int64_t, runs::Run> known;
  for (runs::Run& run : store.all()) known.emplace(run.id, std::move(run));
  for (const runs::StudyRun& wanted : study.runs) {
    StudyRunStatus run{wanted, {}, {}, {}, {}};
    if (const auto id = standing.find(wanted.identity); id != standing.end()) {
      if (const auto found = known.find(id->second); found != known.end()) run.run = found->second;
    }
    if (run.word() == "running") {
      if (const auto progress = read_progress(run.run->folder)) {
        run.stage = progress->stage;
        run.text = progress->text;
        run.seconds_left = progress->seconds_left;
      }
    }
    status.runs.push_back(std::move(run));
  }
  for (const StudyRunStatus* run : distinct(status)) ++status.counts[run->word()];
  estimate(status);
  return status;
}

std::string write(const StudyStatus& status, report::Format format) {
  switch (format) {
    case report::Format::text:
      return text_of(status);
    case report::Format::json:
      return json_of(status);
    default:
      return write(grid_of(status), format);
  }
}

}  // namespace vaso::cli
