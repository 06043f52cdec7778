// Components as users get them: loaded from the build's plugins, parameters bound from TOML.
#pragma once

#include "support/paths.hpp"

#include "config/binding.hpp"
#include "host/plugin_host.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace vaso::tests {

inline PluginHost& plugin_host() {
  static PluginHost host(plugins::scan({build_dir() / "plugins"}));
  return host;
}

// `toml`: lines such as "ratio = 0.6".
template <class Interface>
std::shared_ptr<Interface> make_plugin(const std::string& name, const std::string& toml, const RunShape& shape) {
  const ComponentEntry& entry = plugin_host().component(name).entry;
  const Parameters parameters = entry.parameters();
  std::set<std::string> used;
  std::vector<config::Diagnostic> faults;
  config::bind(config::parse(toml, name), parameters.schema, name, used, faults);
  if (!faults.empty()) throw config::ConfigError(faults);
  return std::static_pointer_cast<Interface>(entry.create(parameters, shape));
}

}  // namespace vaso::tests
