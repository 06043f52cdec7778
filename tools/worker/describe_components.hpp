// What components say of themselves and their parameters.
#pragma once

#include "host/plugin_host.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace vaso::worker {

// An element each: `component`, `summary`, `plugin`, `version`, `file` and `parameters`; or `component` and `refused`,
// the reason.
nlohmann::json describe_components(PluginHost& host, const std::vector<std::string>& names);

}  // namespace vaso::worker
