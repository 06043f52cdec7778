#include "event_lines.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <cmath>

namespace vaso::cli {
namespace {

using Json = nlohmann::ordered_json;

// JSON has no NaN: null.
Json number_or_null(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json about(const char* event, const runs::Run& run) {
  return {{"event", event}, {"run", run.id}, {"phase", run.phase}, {"label", run.label}};
}

}  // namespace

void EventLines::tell(const Json& line) const {
  if (stream_ == nullptr) return;
  fmt::print(stream_, "{}\n", line.dump(-1, ' ', false, Json::error_handler_t::replace));
  std::fflush(stream_);
}

void EventLines::plan(const StudyPlan& plan) const {
  if (stream_ == nullptr) return;
  Json runs = Json::array();
  for (const PlannedRun& run : plan.runs) {
    Json& row = runs.emplace_back(Json{{"phase", run.phase},
                                       {"label", run.label},
                                       {"action", to_text(run.action)},
                                       {"images", run.images},
                                       {"steps", run.steps}});
    if (run.action != PlannedRun::Action::start) row["run"] = run.existing->id;
  }
  tell({{"event", "plan"}, {"experiment", plan.experiment}, {"model", plan.shape}, {"runs", std::move(runs)}});
}

void EventLines::reuse(const runs::Run& run) const { tell(about("reuse", run)); }

void EventLines::wait(const runs::Run& run) const {
  Json line = about("wait", run);
  line["pid"] = run.pid;
  line["host"] = run.host;
  tell(line);
}

void EventLines::start(const runs::Run& run, bool resumed) const {
  Json line = about("start", run);
  line["resumed"] = resumed;
  line["folder"] = run.folder;
  tell(line);
}

void EventLines::heard(std::int64_t run, const experiment::Event& event, std::optional<double> seconds_left) const {
  using Kind = experiment::Event::Kind;
  const char* const name = event.kind == Kind::stage      ? "stage"
                           : event.kind == Kind::progress ? "progress"
                           : event.kind == Kind::note     ? "note"
                           : event.kind == Kind::fault    ? "fault"
                                                          : nullptr;
  if (name == nullptr || (event.kind == Kind::progress && !progress_)) return;
  Json line = {{"event", name}, {"run", run}, {"text", event.text}};
  if (event.kind == Kind::progress) {
    line["done"] = event.done;
    line["total"] = event.total;
    line["seconds_left"] = seconds_left ? number_or_null(*seconds_left) : Json(nullptr);
  }
  tell(line);
}

void EventLines::end(const runs::Store& store, const runs::Run& run) const {
  if (stream_ == nullptr) return;
  Json line = about("end", run);
  line["status"] = runs::to_text(run.status);
  line["seconds"] = number_or_null(run.wall_seconds);
  line["peak_memory"] = run.peak_memory;
  line["exit_code"] = run.exit_code;
  line["signal"] = run.signal;
  line["message"] = run.message;
  line["metrics"] = Json::object();
  for (const std::string& series : store.series(run.id)) {
    line["metrics"][series] = number_or_null(store.points(run.id, series).back().value);
  }
  line["files"] = Json::array();
  for (const runs::Artefact& artefact : store.artefacts(run.id)) {
    line["files"].push_back({{"name", artefact.name}, {"file", artefact.file}, {"sha256", artefact.sha256}});
  }
  tell(line);
}

void EventLines::failure(const PlannedRun& planned, const std::string& why) const {
  tell({{"event", "failure"}, {"phase", planned.phase}, {"label", planned.label}, {"why", why}});
}

void EventLines::result(const std::string& table_json) const {
  if (stream_ != nullptr) tell({{"event", "result"}, {"table", Json::parse(table_json)}});
}

void EventLines::done(int code, const std::vector<std::int64_t>& finished, const std::string& next) const {
  tell({{"event", "done"}, {"code", code}, {"finished", finished}, {"next", next}});
}

void EventLines::error(const std::string& text) const { tell({{"event", "error"}, {"text", text}}); }

}  // namespace vaso::cli
