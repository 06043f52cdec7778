// The component under examination.
#pragma once

#include "config/tree.hpp"
#include "host/plugin_host.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

namespace vaso::contract {

struct Subject {
  PluginHost& host;
  std::string name;                      // "masking.anatomy"
  std::optional<config::Node> settings;  // a table of values to use instead of the defaults

  // Loads the plugin when first asked. Throws PluginError.
  const LoadedComponent& loaded() const { return host.component(name); }
  const ComponentEntry& entry() const { return loaded().entry; }
  // Fresh, at their defaults but for the settings. Throws config::ConfigError.
  Parameters parameters() const;

  template <class Kind>
  std::shared_ptr<Kind> make(const Parameters& parameters, const RunShape& shape) const {
    auto made = std::dynamic_pointer_cast<Kind>(entry().create(parameters, shape));
    if (made == nullptr) throw std::runtime_error("it is not of the kind that it is registered as");
    return made;
  }
  template <class Kind>
  std::shared_ptr<Kind> make(const RunShape& shape) const {
    return make<Kind>(parameters(), shape);
  }
};

}  // namespace vaso::contract
