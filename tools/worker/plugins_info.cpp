// What components there are and which parameters they take.
#include "verbs.hpp"

#include "config/binding.hpp"
#include "exit_codes.hpp"

#include <nlohmann/json.hpp>

namespace vaso::worker {

int plugins_info(const Options& options, const EventSink& events) {
  PluginHost host = open_plugins(options, config::Node());
  std::vector<std::string> names = options.arguments.empty() ? host.catalogue().components() : options.arguments;
  nlohmann::json list = nlohmann::json::array();
  int code = exit_ok;
  for (const std::string& name : names) {
    try {
      const LoadedComponent& component = host.component(name);
      list.push_back(
          {{"component", name},
           {"summary", component.entry.summary},
           {"plugin", component.plugin->card.id},
           {"version", component.plugin->card.version},
           {"file", component.plugin->file.string()},
           {"parameters", nlohmann::json::parse(config::schema_to_json(component.entry.parameters().schema))}});
    } catch (const PluginError& error) {
      list.push_back({{"component", name}, {"refused", error.what()}});
      code = exit_plugin;
    }
  }
  events.result(list.dump());
  return code;
}

}  // namespace vaso::worker
