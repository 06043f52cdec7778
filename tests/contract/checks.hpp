// The contract. Each function examines one component of its kind and tells the report; what a component throws on the
// way is a failure, too.
#pragma once

#include "host/plugin_host.hpp"
#include "report.hpp"

#include "sdk/component.hpp"

#include <memory>
#include <stdexcept>
#include <string>

namespace vaso::contract {

struct Subject {
  PluginHost& host;
  const LoadedComponent& component;
  RunShape shape;

  std::string name() const { return component.entry.kind + "." + component.entry.name; }
  Parameters parameters() const { return component.entry.parameters(); }
  template <class Kind>
  std::shared_ptr<Kind> make(const Parameters& parameters) const {
    auto made = std::dynamic_pointer_cast<Kind>(component.entry.create(parameters, shape));
    if (made == nullptr) throw std::runtime_error("is not of the kind that it is registered as");
    return made;
  }
  template <class Kind>
  std::shared_ptr<Kind> make() const {
    return make<Kind>(parameters());
  }
};

// Loads the component and examines all of it: the rules for every component, then those of its kind.
void check_component(PluginHost& host, const std::string& name, Report& report);

// False where the component cannot be made from defaults, because a path has to be given; said in the report.
bool check_parameters(const Subject& subject, Report& report);
void check_entry(const Subject& subject, Report& report);
void check_state(const Component& component, Component& other, Report& report);

void check_masking(const Subject& subject, Report& report);
void check_loss(const Subject& subject, Report& report);
void check_guidance(const Subject& subject, Report& report);
void check_dataset(const Subject& subject, Report& report);
void check_objective(const Subject& subject, Report& report);
void check_head(const Subject& subject, Report& report);

// Equal type, shape and values; undefined equals undefined.
bool same(const at::Tensor& a, const at::Tensor& b);
bool same(const Bag& a, const Bag& b);

}  // namespace vaso::contract
