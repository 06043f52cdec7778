// HTTP to one server, for `vaso export mlflow`.
#pragma once

#include "export/mlflow.hpp"

#include <string>

namespace vaso::cli {

// Calls to the server at `uri` ("http://127.0.0.1:5000"), over one connection that is kept. As MLflow's own clients,
// sends MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, where they are set. Throws
// std::runtime_error where no server answers.
exporting::HttpCall http_server(const std::string& uri);

}  // namespace vaso::cli
