#include "component_settings.hpp"

#include "experiment/downstream.hpp"
#include "experiment/settings.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

using config::Node;
using Json = nlohmann::json;

Node node_of(const Json& value) {
  const config::Origin origin{"default", 0, 0, {}};
  if (value.is_boolean()) return {value.get<bool>(), origin};
  if (value.is_number_integer()) return {value.get<std::int64_t>(), origin};
  if (value.is_number()) return {value.get<double>(), origin};
  if (value.is_string()) return {value.get<std::string>(), origin};
  Node::Array list;
  for (const Json& element : value) list.push_back(node_of(element));
  return {std::move(list), origin};
}

std::string text_at(const Node& tree, const std::string& path) {
  const Node* node = tree.find(path);
  const auto* text = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
  return text == nullptr ? std::string() : *text;
}

void make_absolute(Node* node) {
  if (node == nullptr) return;
  if (node->is_array()) {
    for (Node& element : node->array()) make_absolute(&element);
  } else if (auto* text = std::get_if<std::string>(&node->value); text != nullptr && !text->empty()) {
    *text = absolute_path(*node);
  }
}

template <class Settings>
void make_paths_absolute(Node& tree, const std::string& prefix) {
  Settings settings;
  Schema schema;
  settings.describe(schema);
  for (const Field& field : schema.fields()) {
    if (field.path) make_absolute(tree.find(prefix + field.name));
  }
}

}  // namespace

std::string absolute_path(const Node& node) {
  const fs::path path = std::get<std::string>(node.value);
  if (path.is_absolute()) return path;
  const fs::path folder = node.origin.line > 0 ? fs::path(node.origin.file).parent_path() : fs::path();
  return fs::absolute(folder / path).lexically_normal().string();
}

ComponentSettings::ComponentSettings(const Json& described) {
  for (const Json& component : described) {
    if (!component.contains("parameters")) continue;  // refused; no cell uses it, or the check would have said so
    std::vector<Parameter>& parameters = parameters_[component.at("component")];
    for (const Json& parameter : component.at("parameters")) {
      parameters.push_back({parameter.at("name"), node_of(parameter.at("default")), parameter.value("path", false)});
    }
  }
}

const std::vector<ComponentSettings::Parameter>* ComponentSettings::of(const std::string& component) const {
  const auto found = parameters_.find(component);
  return found == parameters_.end() ? nullptr : &found->second;
}

std::vector<ComponentSettings::Place> ComponentSettings::places(const Node& tree) const {
  std::vector<Place> all;
  for (const experiment::ComponentTable& kind : experiment::component_tables) {
    const std::string table = kind.table;
    const Node* node = tree.find(table);
    if (node == nullptr) continue;
    if (node->is_array()) {
      for (std::size_t i = 0; i < node->array().size(); ++i) {
        const std::string element = fmt::format("{}.{}", table, i);
        all.push_back({fmt::format("{}.{}", kind.kind, text_at(tree, element + "." + kind.key)), element, "", element});
      }
      continue;
    }
    const std::string name = text_at(tree, table + "." + kind.key);
    // [data] holds keys of the host's, [guidance] several components: there the component's own table takes defaults.
    const std::string own = table + "." + name;
    const bool shared = table == "data" || table == "guidance";
    all.push_back({fmt::format("{}.{}", kind.kind, name), table, own, shared ? own : table});
  }
  for (const std::string& task : experiment::downstream_tasks(tree)) {
    const std::string table = "downstream." + task;
    for (const char* kind : {"dataset", "head"}) {
      const std::string name = text_at(tree, table + "." + kind);
      const std::string own = table + "." + name;  // parameters stand there alone
      all.push_back({fmt::format("{}.{}", kind, name), own, "", own});
    }
  }
  const std::string filter = text_at(tree, "guidance.filter");
  all.push_back({"guidance." + filter, "guidance." + filter, "", "guidance." + filter});
  return all;
}

void ComponentSettings::complete(Node& tree, const Place& place) const {
  const std::vector<Parameter>* parameters = of(place.component);
  if (parameters == nullptr) return;
  for (const Parameter& parameter : *parameters) {
    Node* set = place.own.empty() ? nullptr : tree.find(place.own + "." + parameter.name);
    if (set == nullptr) set = tree.find(place.table + "." + parameter.name);
    if (set != nullptr) {
      if (parameter.path) make_absolute(set);
      continue;
    }
    if (tree.find(place.defaults) == nullptr) tree.set(place.defaults, Node());
    tree.find(place.defaults)->set(parameter.name, parameter.value);
  }
}

void ComponentSettings::complete(Node& tree) const {
  make_paths_absolute<experiment::General>(tree, "");
  make_paths_absolute<experiment::Segmentor>(tree, "segmentor.");
  make_paths_absolute<experiment::Model>(tree, "model.");
  for (const std::string& task : experiment::downstream_tasks(tree)) {
    make_paths_absolute<experiment::Downstream>(tree, "downstream." + task + ".");
  }
  for (const Place& place : places(tree)) complete(tree, place);
  // Guidance sources name each other (`first = "frangi"`); what is named is completed too, until nothing new is named.
  const Node* guidance = tree.find("guidance");
  for (std::size_t known = 0; guidance != nullptr && known != guidance->table().size();) {
    known = guidance->table().size();
    std::vector<std::string> named;
    for (const config::Entry& source : guidance->table()) {
      if (!source.node.is_table()) continue;
      for (const config::Entry& parameter : source.node.table()) named.push_back(text_at(source.node, parameter.key));
    }
    for (const std::string& name : named) {
      const std::string place = "guidance." + name;
      if (!name.empty() && of(place) != nullptr) complete(tree, {place, place, "", place});
    }
    guidance = tree.find("guidance");
  }
}

}  // namespace vaso::cli
