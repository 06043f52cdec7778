#include "absolute_paths.hpp"

#include "experiment/settings.hpp"
#include "worker_query.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>

namespace fs = std::filesystem;

namespace vaso::cli {
namespace {

fs::path resolved(const config::Node& node, const std::string& text) {
  return fs::absolute(fs::path(node.origin.file).parent_path() / text).lexically_normal();
}

// Written in a file, and not yet absolute. What --set says begins at the working directory, which the run shares.
bool is_relative(const config::Node& node) {
  const auto* text = std::get_if<std::string>(&node.value);
  return text != nullptr && !text->empty() && fs::path(*text).is_relative();
}

void make_absolute(config::Node* node) {
  if (node == nullptr) return;
  if (node->is_array()) {
    for (config::Node& element : node->array()) make_absolute(&element);
  } else if (is_relative(*node)) {
    const std::string& text = std::get<std::string>(node->value);
    node->value = (node->origin.line > 0 ? resolved(*node, text) : fs::absolute(text).lexically_normal()).string();
  }
}

// Whether any text in the table could be a path: something of that name is there.
bool may_hold_path(const config::Node& node) {
  if (node.is_array()) return std::any_of(node.array().begin(), node.array().end(), may_hold_path);
  if (node.is_table()) {
    return std::any_of(node.table().begin(), node.table().end(),
                       [](const config::Entry& entry) { return may_hold_path(entry.node); });
  }
  std::error_code ignored;
  return is_relative(node) && fs::exists(resolved(node, std::get<std::string>(node.value)), ignored);
}

template <class Settings>
void apply_to_table(config::Node& tree, const std::string& prefix) {
  Settings settings;
  Schema schema;
  settings.describe(schema);
  for (const Field& field : schema.fields()) {
    if (field.path) make_absolute(tree.find(prefix + field.name));
  }
}

std::string text_at(const config::Node& tree, const std::string& path) {
  const config::Node* node = tree.find(path);
  const auto* text = node == nullptr ? nullptr : std::get_if<std::string>(&node->value);
  return text == nullptr ? std::string() : *text;
}

}  // namespace

const std::vector<std::string>& AbsolutePaths::fields_of(const std::string& component) {
  const auto known = fields_.find(component);
  if (known != fields_.end()) return known->second;
  std::vector<std::string>& fields = fields_[component];
  std::vector<std::string> question = {"plugins-info", component};
  for (const std::string& word : options_.for_worker()) question.push_back(word);
  const Answer answer = ask_worker(question, true);
  if (answer.json.empty()) return fields;
  for (const auto& described : nlohmann::json::parse(answer.json)) {
    for (const auto& parameter : described.value("parameters", nlohmann::json::array())) {
      if (parameter.value("path", false)) fields.push_back(parameter.at("name"));
    }
  }
  return fields;
}

void AbsolutePaths::apply(config::Node& tree) {
  apply_to_table<experiment::General>(tree, "");
  apply_to_table<experiment::Segmentor>(tree, "segmentor.");
  apply_to_table<experiment::Model>(tree, "model.");
  // A component's parameters stand in its kind's table or in a sub-table of its name; [guidance] and [[loss]] hold
  // several components.
  for (const experiment::ComponentTable& kind : experiment::component_tables) {
    config::Node* table = tree.find(kind.table);
    if (table == nullptr || !may_hold_path(*table)) continue;
    const auto visit = [&](const std::string& name, const std::string& prefix) {
      if (name.empty()) return;
      for (const std::string& field : fields_of(fmt::format("{}.{}", kind.kind, name)))
        make_absolute(tree.find(prefix + field));
    };
    if (table->is_array()) {
      for (std::size_t i = 0; i < table->array().size(); ++i) {
        const std::string prefix = fmt::format("{}.{}.", kind.table, i);
        visit(text_at(tree, prefix + kind.key), prefix);
      }
      continue;
    }
    const std::string prefix = std::string(kind.table) + ".";
    visit(text_at(tree, prefix + kind.key), prefix);
    for (const config::Entry& entry : table->table()) {
      if (entry.node.is_table() && may_hold_path(entry.node)) visit(entry.key, prefix + entry.key + ".");
    }
  }
}

}  // namespace vaso::cli
