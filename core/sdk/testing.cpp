#include "sdk/testing.hpp"

#include "config/binding.hpp"
#include "host/plugin_host.hpp"

#include <ATen/CPUGeneratorImpl.h>

#include <set>
#include <vector>

namespace vaso::testing {

std::shared_ptr<Component> make_component(const std::string& name, const std::string& toml, const RunShape& shape) {
  // Never destroyed: components hold code of its libraries.
  static auto& host = *new PluginHost(plugins::scan(plugins::search_path({})));
  const ComponentEntry& entry = host.component(name).entry;
  const Parameters parameters = entry.parameters();
  std::set<std::string> used;
  std::vector<config::Diagnostic> faults;
  config::bind(config::parse(toml, name), parameters.schema, name, used, faults);
  if (!faults.empty()) throw config::ConfigError(faults);
  return entry.create(parameters, shape);
}

Step::~Step() = default;

at::Generator Step::generator() { return at::make_generator<at::CPUGeneratorImpl>(seed); }

FrozenNetwork& Step::frozen(std::string_view name) {
  throw std::logic_error("the step of a test has no frozen network `" + std::string(name) + "`");
}

at::Tensor Step::once(const std::string& key, const std::function<at::Tensor()>& compute) {
  const auto found = memory_.find(key);
  return found != memory_.end() ? found->second : memory_[key] = compute();
}

}  // namespace vaso::testing
