#include "train/recipe_reader.hpp"

#include "config/binding.hpp"

#include <fmt/format.h>

namespace vaso::train {

using config::Diagnostic;
using config::Node;

std::vector<std::string> field_names(const Schema& schema) {
  std::vector<std::string> names;
  for (const Field& field : schema.fields()) names.push_back(field.name);
  return names;
}

const Node& RecipeReader::table(const std::string& name) {
  static const Node empty;
  const Node* found = cell_.find(name);
  if (found == nullptr) return empty;
  if (!found->is_table()) {
    faults_.push_back({fmt::format("`{}` must be a table", name), found->origin,
                       fmt::format("found {}", found->type_name()),
                       fmt::format("write [{}] on a line of its own, then its settings", name)});
    return empty;
  }
  return *found;
}

void RecipeReader::bind_whole(const Node& table, const Schema& schema, const std::string& owner) {
  std::set<std::string> used;
  config::bind(table, schema, owner, used, faults_);
  config::refuse_unknown(table, owner, used, field_names(schema), faults_);
}

std::vector<std::string> RecipeReader::bind_some(const Node& table, const Schema& schema, const std::string& owner) {
  std::set<std::string> used;
  config::bind(table, schema, owner, used, faults_);
  return field_names(schema);
}

void RecipeReader::top_level(experiment::General& general) {
  std::vector<std::string> allowed = host_keys(cell_, "the top level", general);
  for (const char* table : {"data", "views", "guidance", "segmentor", "objective", "masking", "loss", "model",
                            "optimizer", "pretrain", "downstream", "study"}) {
    allowed.emplace_back(table);
  }
  config::refuse_unknown(cell_, "the top level", {allowed.begin(), allowed.end()}, allowed, faults_);
}

std::optional<Choice> RecipeReader::choose(const std::string& kind, const std::string& name,
                                           const config::Origin& origin, const Node* shared, const Node* own,
                                           std::set<std::string>& used) {
  Choice choice;
  choice.origin = origin;
  try {
    choice.component = &host_.component(kind + "." + name);
  } catch (const PluginError& error) {
    faults_.push_back({fmt::format("`{}.{}` cannot be used", kind, name), origin, error.what(), ""});
    return std::nullopt;
  }
  choice.parameters = choice.component->entry.parameters();
  if (shared != nullptr) {
    config::bind(*shared, choice.parameters.schema, kind + "." + name, used, faults_);
    choice.tables.push_back(shared);
  }
  if (own != nullptr && own->is_table()) {
    bind_whole(*own, choice.parameters.schema, kind + "." + name);
    choice.tables.push_back(own);
  }
  return choice;
}

Choice RecipeReader::from_table(const std::string& table_name, const std::string& selector, const std::string& kind,
                                const std::string& fallback, std::set<std::string> host_keys) {
  const Node& whole = table(table_name);
  const Node* selected = whole.find(selector);
  std::string name = fallback;
  if (selected != nullptr) {
    if (const auto* text = std::get_if<std::string>(&selected->value)) {
      name = *text;
    } else {
      faults_.push_back({fmt::format("`{}.{}` must be text", table_name, selector), selected->origin,
                         fmt::format("found {}", selected->type_name()),
                         fmt::format("say {} = \"{}\"", selector, fallback)});
    }
  }
  host_keys.insert(selector);
  auto choice = choose(kind, name, selected != nullptr ? selected->origin : whole.origin, &whole,
                       sub_table(whole, name), host_keys);
  check_rest(whole, kind + "." + name, {{kind, choice ? &*choice : nullptr}}, host_keys, true);
  return choice.value_or(Choice{});
}

const Node* RecipeReader::sub_table(const Node& table, const std::string& name) {
  for (const config::Entry& entry : table.table()) {
    if (entry.key == name && entry.node.is_table()) return &entry.node;
  }
  return nullptr;
}

void RecipeReader::check_rest(const Node& table, const std::string& owner,
                              const std::vector<std::pair<std::string, const Choice*>>& kinds,
                              const std::set<std::string>& used, bool shared) {
  std::set<std::string> known = used;
  std::vector<std::string> allowed(used.begin(), used.end());
  bool complete = true;
  for (const auto& [kind, choice] : kinds) {
    const std::string selected = choice == nullptr ? "" : choice->component->entry.name;
    for (const config::Entry& entry : table.table()) {
      if (known.contains(entry.key) || !entry.node.is_table()) continue;
      if (entry.key == selected) {
        known.insert(entry.key);
      } else if (host_.catalogue().provider(kind + "." + entry.key) != nullptr) {
        known.insert(entry.key);
        std::set<std::string> ignored;
        choose(kind, entry.key, entry.key_origin, nullptr, &entry.node, ignored);
      }
    }
    complete = complete && choice != nullptr;
    if (choice != nullptr && shared) {
      for (std::string& name : field_names(choice->parameters.schema)) allowed.push_back(std::move(name));
    }
    for (const std::string& name : host_.catalogue().names(kind)) allowed.push_back(name);
  }
  if (complete) config::refuse_unknown(table, owner, known, allowed, faults_);
}

void RecipeReader::fault(const std::string& path, std::string what, std::string why, std::string hint) {
  const Node* node = cell_.find(path);
  faults_.push_back({std::move(what), node == nullptr ? cell_.origin : node->origin, std::move(why), std::move(hint)});
}

std::shared_ptr<Component> RecipeReader::made_component(const Choice& choice, const RunShape& shape) {
  try {
    return make_component(choice, shape);
  } catch (const config::ConfigError& error) {
    faults_.insert(faults_.end(), error.diagnostics().begin(), error.diagnostics().end());
    return nullptr;
  }
}

}  // namespace vaso::train
