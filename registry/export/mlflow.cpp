#include "export/mlflow.hpp"

#include "export/moments.hpp"

#include <fmt/format.h>
#include <cctype>
#include <cmath>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace vaso::exporting {
namespace {

using Json = nlohmann::json;

// mlflow/utils/validation.py: the limits of one request to runs/log-batch, and of a name and a value.
constexpr std::size_t metrics_per_request = 1000, others_per_request = 100;
constexpr std::size_t longest_key = 250, longest_parameter = 6000, longest_tag = 5000;

// Names may hold letters, digits and "_./- ", and must be paths without "." and ".." parts.
std::string accepted_name(const std::string& name) {
  std::string accepted;
  for (const unsigned char c : name) {
    const bool plain = std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-' || c == ' ';
    accepted += plain ? static_cast<char>(c) : '_';
  }
  if (accepted.empty() || accepted == "." || accepted.starts_with("..")) accepted = "_" + accepted;
  return accepted.substr(0, longest_key);
}

// Never in the middle of a UTF-8 character.
std::string cut_to(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

const char* status_word(runs::Status status) {
  switch (status) {
    case runs::Status::planned:
      return "SCHEDULED";
    case runs::Status::running:
      return "RUNNING";
    case runs::Status::finished:
      return "FINISHED";
    case runs::Status::failed:
      return "FAILED";
    case runs::Status::interrupted:
      return "KILLED";
  }
  return "";
}

std::int64_t milliseconds(const std::string& utc) { return 1000 * seconds_since_1970(utc); }

// JSON has no such numbers; protobuf's JSON form, which MLflow reads, writes them as text.
Json number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

class Exporter {
 public:
  Exporter(const runs::Store& store, const HttpCall& call) : store_(store), call_(call) {}

  void write(const runs::Run& run) {
    const std::string key = runs::sha256(run.identity + "\n" + run.created + "\n" + run.host);
    const std::string experiment = experiment_of(run.experiment.empty() ? "vasolab" : run.experiment);
    const Json found = post("runs/search", {{"experiment_ids", Json::array({experiment})},
                                            {"filter", fmt::format("tags.`vaso.key` = '{}'", key)},
                                            {"max_results", 1}});
    std::string id;
    if (found.contains("runs") && !found["runs"].empty()) {
      const Json& info = found["runs"][0].at("info");
      id = info.at("run_id");
      if (info.value("status", "") == "FINISHED" && run.status == runs::Status::finished) {
        ++report_.unchanged;
        return;
      }
      ++report_.updated;
    } else {
      const std::string name = fmt::format("{:04}-{}{}{}", run.id, run.phase, run.label.empty() ? "" : " ", run.label);
      id = post("runs/create", {{"experiment_id", experiment},
                                {"run_name", name},
                                {"start_time", milliseconds(run.started.empty() ? run.created : run.started)},
                                {"tags", Json::array({{{"key", "vaso.key"}, {"value", key}}})}})
               .at("run")
               .at("info")
               .at("run_id");
      ++report_.created;
    }
    write_settings(run, id);
    write_tags(run, id);
    write_metrics(run, id);
    // Last: what was broken off before this is not taken for complete the next time.
    Json end = {{"run_id", id}, {"status", status_word(run.status)}};
    if (!run.finished.empty()) end["end_time"] = milliseconds(run.finished);
    post("runs/update", end);
  }

  const MlflowReport& report() const { return report_; }

 private:
  Json answer(const std::string& path, const HttpReply& reply) const {
    const Json json = Json::parse(reply.body, nullptr, false);
    if (reply.status == 200 && json.is_object()) return json;
    const std::string why = json.is_object() ? json.value("message", "") : std::string();
    throw std::runtime_error(fmt::format(
        "the MLflow server refused {}: status {}{}{}. Runs exported so far are complete; repeat the export to go on.",
        path, reply.status, why.empty() ? "" : ", ", cut_to(why, 500)));
  }

  Json post(const std::string& verb, const Json& body) const {
    const std::string path = "/api/2.0/mlflow/" + verb;
    return answer(path, call_(path, {}, body.dump(-1, ' ', false, Json::error_handler_t::replace)));
  }

  std::string experiment_of(const std::string& name) {
    if (const auto known = experiments_.find(name); known != experiments_.end()) return known->second;
    const std::string path = "/api/2.0/mlflow/experiments/get-by-name";
    const HttpReply reply = call_(path, {{"experiment_name", name}}, "");
    const std::string id = reply.status == 404
                               ? post("experiments/create", {{"name", name}}).at("experiment_id").get<std::string>()
                               : answer(path, reply).at("experiment").at("experiment_id").get<std::string>();
    return experiments_[name] = id;
  }

  // `what` is "params", "tags" or "metrics".
  void send(const std::string& id, const char* what, Json& items) const {
    if (!items.empty()) post("runs/log-batch", {{"run_id", id}, {what, items}});
    items = Json::array();
  }

  void write_settings(const runs::Run& run, const std::string& id) {
    Json batch = Json::array();
    for (const auto& [path, value] : store_.settings(run.id)) {
      if (value.size() > longest_parameter) ++report_.cut;
      batch.push_back({{"key", accepted_name(path)}, {"value", cut_to(value, longest_parameter)}});
      if (batch.size() == others_per_request) send(id, "params", batch);
    }
    send(id, "params", batch);
  }

  void write_tags(const runs::Run& run, const std::string& id) {
    Json batch = Json::array();
    const auto tag = [&](const std::string& name, const std::string& value) {
      if (value.empty()) return;
      batch.push_back({{"key", accepted_name(name)}, {"value", cut_to(value, longest_tag)}});
      if (batch.size() == others_per_request) send(id, "tags", batch);
    };
    tag("vaso.run", std::to_string(run.id));
    tag("vaso.phase", run.phase);
    tag("vaso.label", run.label);
    tag("vaso.seed", std::to_string(run.seed));
    tag("vaso.identity", run.identity);
    tag("vaso.data", run.data_fingerprint);
    tag("vaso.folder", run.folder);
    tag("vaso.host", run.host);
    tag("vaso.device", run.device);
    tag("vaso.version", run.version);
    tag("mlflow.source.name", "vaso");
    tag("mlflow.source.git.commit", run.revision + (run.dirty ? " with uncommitted changes" : ""));
    tag("mlflow.note.content", run.message);
    for (const auto& [metric, text] : store_.conventions(run.id)) tag("convention." + metric, text);
    send(id, "tags", batch);
  }

  void write_metrics(const runs::Run& run, const std::string& id) {
    // The database keeps no time per point. One that is always the same lets MLflow recognise what it has already.
    const std::int64_t time = milliseconds(run.started.empty() ? run.created : run.started);
    Json batch = Json::array();
    for (const std::string& series : store_.series(run.id)) {
      const std::string name = accepted_name(series);
      for (const runs::Point& point : store_.points(run.id, series)) {
        batch.push_back({{"key", name}, {"value", number(point.value)}, {"timestamp", time}, {"step", point.step}});
        ++report_.points;
        if (batch.size() == metrics_per_request) send(id, "metrics", batch);
      }
    }
    send(id, "metrics", batch);
  }

  const runs::Store& store_;
  const HttpCall& call_;
  std::map<std::string, std::string> experiments_;
  MlflowReport report_;
};

}  // namespace

MlflowReport write_mlflow(const runs::Store& store, const std::vector<runs::Run>& runs, const HttpCall& call,
                          const Progress& progress) {
  Exporter exporter(store, call);
  std::int64_t done = 0;
  for (const runs::Run& run : runs) {
    exporter.write(run);
    progress(++done);
  }
  return exporter.report();
}

}  // namespace vaso::exporting
