// Runs for an MLflow tracking server, through its REST API (https://mlflow.org/docs/latest/rest-api.html). Its older
// `mlruns` folders are refused by MLflow itself since 2026.
#pragma once

#include "export/csv.hpp"

#include <map>
#include <string>

namespace vaso::exporting {

struct HttpReply {
  int status = 0;
  std::string body;
};

// POSTs `json` to `path` ("/api/2.0/mlflow/runs/create") or, where `query` is not empty, GETs it with the query. Throws
// std::runtime_error where no server answers.
using HttpCall = std::function<HttpReply(const std::string& path, const std::map<std::string, std::string>& query,
                                         const std::string& json)>;

struct MlflowReport {
  std::int64_t created = 0, updated = 0, unchanged = 0, points = 0;
  std::int64_t cut = 0;  // settings longer than MLflow takes
};

// An experiment becomes an MLflow experiment, a run a run: settings are its parameters, metric series its metrics,
// status, provenance and conventions its tags. A run that was exported before is found by its tag `vaso.key`; one that
// had ended then is left alone, others are brought up to date. Names that MLflow does not take lose the characters in
// question. Throws std::runtime_error with the server's own words where it refuses.
MlflowReport write_mlflow(const runs::Store& store, const std::vector<runs::Run>& runs, const HttpCall& call,
                          const Progress& progress);

}  // namespace vaso::exporting
