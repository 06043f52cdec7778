#include "describe_components.hpp"

#include "config/binding.hpp"

#include <nlohmann/json.hpp>

namespace vaso::worker {

nlohmann::json describe_components(PluginHost& host, const std::vector<std::string>& names) {
  nlohmann::json list = nlohmann::json::array();
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
    }
  }
  return list;
}

}  // namespace vaso::worker
