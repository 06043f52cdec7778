// The component under examination.
#pragma once

#include "config/tree.hpp"
#include "host/plugin_host.hpp"

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace vaso::contract {

class Subject {
 public:
  Subject(PluginHost& plugins, std::string component, std::optional<config::Node> values)
      : host(plugins), name(std::move(component)), settings(std::move(values)) {}

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

  // What compute() gave when `key` was first asked for, whichever check did: as StepContext::once.
  template <class Compute>
  const std::vector<at::Tensor>& once(const std::string& key, const Compute& compute) const {
    const auto found = memory_.find(key);
    return found != memory_.end() ? found->second : memory_.emplace(key, compute()).first->second;
  }

 private:
  mutable std::map<std::string, std::vector<at::Tensor>> memory_;
};

}  // namespace vaso::contract
