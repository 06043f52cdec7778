// Reads tables of an experiment into settings and component choices; what recipes of all phases are made with.
#pragma once

#include "train/recipe.hpp"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace vaso::train {

// Every member appends a Diagnostic per fault to the list given to the constructor.
class RecipeReader {
 public:
  RecipeReader(const config::Node& cell, PluginHost& host, std::vector<config::Diagnostic>& faults)
      : cell_(cell), host_(host), faults_(faults) {}

  // The table of that name, or an empty one; a fault where the name holds something else.
  const config::Node& table(const std::string& name);

  // A table that belongs to the host alone.
  template <class Settings>
  void host_table(const std::string& name, Settings& settings) {
    Schema schema;
    settings.describe(schema);
    bind_whole(table(name), schema, "[" + name + "]");
  }
  // The host's keys of a table that holds other things, too. Returns their names.
  template <class Settings>
  std::vector<std::string> host_keys(const config::Node& table, const std::string& owner, Settings& settings) {
    Schema schema;
    settings.describe(schema);
    return bind_some(table, schema, owner);
  }

  void top_level(experiment::General& general);

  // Looks up and binds the component that `kind` names `name`; parameters stand in `shared` (the kind's own table; null
  // if the component may not use it) and in `own` (the sub-table of its name; null if there is none).
  std::optional<Choice> choose(const std::string& kind, const std::string& name, const config::Origin& origin,
                               const config::Node* shared, const config::Node* own, std::set<std::string>& used);

  // A kind's table: `selector` names the component; keys of the table belong to `host_keys`, to the component, or are
  // sub-tables of components of that kind.
  Choice from_table(const std::string& table_name, const std::string& selector, const std::string& kind,
                    const std::string& fallback, std::set<std::string> host_keys);

  // Keys that nobody used: a sub-table of another component of the kinds is checked against that component, anything
  // else is unknown. `choices` are the components that the table chose; without one of them nothing is said, since
  // every parameter would look unknown.
  void check_rest(const config::Node& table, const std::string& owner,
                  const std::vector<std::pair<std::string, const Choice*>>& kinds, const std::set<std::string>& used,
                  bool shared);

  // A component made to be asked something; null, and a fault, where it refuses its parameters.
  template <class Interface>
  std::shared_ptr<Interface> made(const Choice& choice, const RunShape& shape) {
    return std::static_pointer_cast<Interface>(made_component(choice, shape));
  }

  // A fault at the value of `path`, or of the cell where it is not set.
  void fault(const std::string& path, std::string what, std::string why, std::string hint);

  static const config::Node* sub_table(const config::Node& table, const std::string& name);
  std::vector<std::string> component_names(const std::string& kind) const { return host_.catalogue().names(kind); }
  const config::Node& cell() const { return cell_; }
  std::size_t fault_count() const { return faults_.size(); }

 private:
  void bind_whole(const config::Node& table, const Schema& schema, const std::string& owner);
  std::vector<std::string> bind_some(const config::Node& table, const Schema& schema, const std::string& owner);
  std::shared_ptr<Component> made_component(const Choice& choice, const RunShape& shape);

  const config::Node& cell_;
  PluginHost& host_;
  std::vector<config::Diagnostic>& faults_;
};

std::vector<std::string> field_names(const Schema& schema);

}  // namespace vaso::train
