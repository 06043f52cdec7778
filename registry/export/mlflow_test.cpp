#include "export/mlflow.hpp"

#include "support/paths.hpp"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <cmath>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

using namespace vaso;
using exporting::HttpReply;
using vaso::tests::TemporaryFolder;
using Json = nlohmann::json;

namespace {

// As strict as mlflow/utils/validation.py and the SQL store of MLflow: limits of a request, names, parameters that must
// not change, metrics that are equal are one.
class FakeServer {
 public:
  struct Run {
    std::string experiment, name, status = "RUNNING";
    std::int64_t start = 0, end = 0;
    std::map<std::string, std::string> params, tags;
    std::set<std::tuple<std::string, std::int64_t, std::int64_t, std::string>> metrics;  // key, time, step, value
  };

  HttpReply call(const std::string& path, const std::map<std::string, std::string>& query, const std::string& json) {
    ++calls;
    if (calls == break_at) throw std::runtime_error("connection lost");
    const std::string verb = path.substr(std::string("/api/2.0/mlflow/").size());
    if (verb == "experiments/get-by-name") {
      const auto found = experiments.find(query.at("experiment_name"));
      if (found == experiments.end()) return refuse(404, "RESOURCE_DOES_NOT_EXIST");
      return {200, Json{{"experiment", {{"experiment_id", found->second}}}}.dump()};
    }
    const Json body = Json::parse(json);
    if (verb == "experiments/create") {
      const std::string id = std::to_string(experiments.size() + 1);
      experiments[body.at("name")] = id;
      return {200, Json{{"experiment_id", id}}.dump()};
    }
    if (verb == "runs/search") return search(body);
    if (verb == "runs/create") {
      const std::string id = "r" + std::to_string(runs.size() + 1);
      Run& run = runs[id];
      run.experiment = body.at("experiment_id");
      run.name = body.at("run_name");
      run.start = body.at("start_time");
      for (const Json& tag : body.at("tags")) run.tags[tag.at("key")] = tag.at("value");
      return {200, Json{{"run", {{"info", {{"run_id", id}}}}}}.dump()};
    }
    if (verb == "runs/update") {
      runs.at(body.at("run_id")).status = body.at("status");
      runs.at(body.at("run_id")).end = body.value("end_time", std::int64_t{0});
      return {200, "{}"};
    }
    if (verb == "runs/log-batch") return log(body, json.size());
    return refuse(404, "no such verb");
  }

  exporting::HttpCall caller() {
    return [this](const auto& path, const auto& query, const auto& json) { return call(path, query, json); };
  }

  std::map<std::string, std::string> experiments;
  std::map<std::string, Run> runs;
  int calls = 0, break_at = 0;

 private:
  static HttpReply refuse(int status, const std::string& why) {
    return {status, Json{{"error_code", "X"}, {"message", why}}.dump()};
  }

  HttpReply search(const Json& body) const {
    std::smatch match;
    const std::string filter = body.at("filter");
    if (!std::regex_match(filter, match, std::regex("tags\\.`vaso\\.key` = '([0-9a-f]{64})'"))) {
      return refuse(400, "bad filter");
    }
    Json found = Json::array();
    for (const auto& [id, run] : runs) {
      if (run.experiment == body.at("experiment_ids").at(0) && run.tags.at("vaso.key") == match[1]) {
        found.push_back({{"info", {{"run_id", id}, {"status", run.status}}}});
      }
    }
    return {200, found.empty() ? "{}" : Json{{"runs", found}}.dump()};  // protobuf leaves empty lists out
  }

  HttpReply log(const Json& body, std::size_t size) {
    static const std::regex name("[/A-Za-z0-9_.\\- ]{1,250}");
    Run& run = runs.at(body.at("run_id"));
    const auto list = [&](const char* what) { return body.value(what, Json::array()); };
    if (size > 1'000'000) return refuse(400, "too large");
    if (list("metrics").size() > 1000 || list("params").size() > 100 || list("tags").size() > 100) {
      return refuse(400, "too many");
    }
    for (const char* const what : {"metrics", "params", "tags"}) {
      for (const Json& item : list(what)) {
        if (!std::regex_match(item.at("key").get<std::string>(), name)) return refuse(400, "Invalid name");
      }
    }
    for (const Json& item : list("params")) {
      const auto [there, added] = run.params.emplace(item.at("key"), item.at("value"));
      if (there->second.size() > 6000) return refuse(400, "too long");
      if (!added && there->second != item.at("value")) return refuse(400, "Changing param values is not allowed");
    }
    for (const Json& item : list("tags")) {
      if (item.at("value").get<std::string>().size() > 5000) return refuse(400, "too long");
      run.tags[item.at("key")] = item.at("value");
    }
    for (const Json& item : list("metrics")) {
      const Json& value = item.at("value");
      if (!value.is_number() && value != "NaN" && value != "Infinity" && value != "-Infinity") {
        return refuse(400, "no number");
      }
      run.metrics.emplace(item.at("key"), item.at("timestamp"), item.at("step"), value.dump());
    }
    return {200, "{}"};
  }
};

void no_progress(std::int64_t) {}

std::int64_t add_run(runs::Store& store, const std::string& identity, runs::Status status = runs::Status::finished) {
  runs::Run run;
  run.experiment = "ablation & more";
  run.phase = "pretrain";
  run.label = "seed=1";
  run.identity = identity;
  run.status = status;
  run.created = run.started = "2026-03-01T10:22:31Z";
  run.finished = status == runs::Status::running ? "" : "2026-03-01T11:00:00Z";
  run.id = store.add(run, {}, {{"masking.ratio", "0.5"}, {"data.root", std::string(7000, 'x')}});
  store.log(run.id, 0, {{"loss", 0.5}, {"weird:name é", std::nan("")}});
  return run.id;
}

}  // namespace

TEST_SUITE("unit") {
  TEST_CASE("a run arrives at an MLflow server whole") {
    const TemporaryFolder folder;
    runs::Store store(folder.path() / "vaso.db");
    const auto run = add_run(store, "a");
    for (int step = 1; step <= 2500; ++step) store.log(run, step, {{"loss", 1.0 / step}});
    store.set_convention(run, "loss", "mean over masked patches");
    FakeServer server;
    const auto report = exporting::write_mlflow(store, store.all(), server.caller(), no_progress);
    CHECK(report.created == 1);
    CHECK(report.points == 2502);
    CHECK(report.cut == 1);
    REQUIRE(server.runs.size() == 1);
    const FakeServer::Run& there = server.runs.at("r1");
    CHECK(server.experiments.at("ablation & more") == there.experiment);
    CHECK(there.name == "0001-pretrain seed=1");
    CHECK(there.status == "FINISHED");
    CHECK(there.start == 1772360551000);
    CHECK(there.end == 1772362800000);
    CHECK(there.params.at("masking.ratio") == "0.5");
    CHECK(there.params.at("data.root").size() == 6000);
    CHECK(there.tags.at("convention.loss") == "mean over masked patches");
    CHECK(there.metrics.size() == 2502);
    CHECK(there.metrics.contains({"loss", 1772360551000, 4, "0.25"}));
    CHECK(there.metrics.contains({"weird_name __", 1772360551000, 0, "\"NaN\""}));
  }

  TEST_CASE("exporting again adds nothing; a run that went on is brought up to date") {
    const TemporaryFolder folder;
    runs::Store store(folder.path() / "vaso.db");
    add_run(store, "a");
    const auto running = add_run(store, "b", runs::Status::running);
    FakeServer server;
    exporting::write_mlflow(store, store.all(), server.caller(), no_progress);
    CHECK(server.runs.at("r2").status == "RUNNING");
    store.log(running, 1, {{"loss", 0.25}});
    runs::Run ended = store.get(running).value();
    ended.status = runs::Status::failed;
    store.update(ended);
    const auto report = exporting::write_mlflow(store, store.all(), server.caller(), no_progress);
    CHECK(report.created == 0);
    CHECK(report.unchanged == 1);
    CHECK(report.updated == 1);
    CHECK(server.runs.size() == 2);
    CHECK(server.runs.at("r2").status == "FAILED");
    CHECK(server.runs.at("r2").metrics.size() == 3);
  }

  TEST_CASE("an export that broke off is completed by the next, at whichever call it broke") {
    for (int break_at = 1; break_at <= 8; ++break_at) {
      const TemporaryFolder folder;
      runs::Store store(folder.path() / "vaso.db");
      add_run(store, "a");
      FakeServer server;
      server.break_at = break_at;
      bool broke = false;
      try {
        exporting::write_mlflow(store, store.all(), server.caller(), no_progress);
      } catch (const std::runtime_error&) {
        broke = true;
      }
      CHECK(broke == (break_at <= 8));
      exporting::write_mlflow(store, store.all(), server.caller(), no_progress);
      REQUIRE(server.runs.size() == 1);
      CHECK(server.runs.at("r1").status == "FINISHED");
      CHECK(server.runs.at("r1").params.size() == 2);
      CHECK(server.runs.at("r1").metrics.size() == 2);
    }
  }

  TEST_CASE("a server that refuses is quoted") {
    const TemporaryFolder folder;
    runs::Store store(folder.path() / "vaso.db");
    add_run(store, "a");
    const auto refusing = [](const auto&, const auto&, const auto&) {
      return HttpReply{403, R"({"error_code": "PERMISSION_DENIED", "message": "not for you"})"};
    };
    CHECK_THROWS_WITH_AS(exporting::write_mlflow(store, store.all(), refusing, no_progress),
                         doctest::Contains("not for you"), std::runtime_error);
    const auto page = [](const auto&, const auto&, const auto&) { return HttpReply{200, "<html>a router</html>"}; };
    CHECK_THROWS_WITH_AS(exporting::write_mlflow(store, store.all(), page, no_progress),
                         doctest::Contains("status 200"), std::runtime_error);
  }
}
