// What components there are and which parameters they take.
#include "verbs.hpp"

#include "describe_components.hpp"
#include "exit_codes.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace vaso::worker {

int plugins_info(const Options& options, const EventSink& events) {
  PluginHost host = open_plugins(options, config::Node());
  const nlohmann::json list =
      describe_components(host, options.arguments.empty() ? host.catalogue().components() : options.arguments);
  events.result(list.dump());
  const bool refused = std::any_of(list.begin(), list.end(), [](const auto& each) { return each.contains("refused"); });
  return refused ? exit_plugin : exit_ok;
}

}  // namespace vaso::worker
