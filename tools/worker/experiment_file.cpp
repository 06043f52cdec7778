#include "experiment_file.hpp"

#include "experiment/downstream.hpp"
#include "experiment/plan.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace vaso::worker {

namespace {

// An experiment on the folder alone. A parameter `root` takes it, or a list with it, as the component has it.
config::Node folder_cell(const std::filesystem::path& folder, const Options& options) {
  const std::string name = options.dataset.empty() ? "images" : options.dataset;
  PluginHost host = open_plugins(options, config::Node());
  const Parameters parameters = host.component("dataset." + name).entry.parameters();
  const std::vector<Field>& fields = parameters.schema.fields();
  const auto root = std::find_if(fields.begin(), fields.end(), [](const Field& field) { return field.name == "root"; });
  if (root == fields.end()) throw std::invalid_argument("dataset." + name + " reads no folder: it has no `root`");
  const bool list = std::holds_alternative<std::vector<std::string>*>(root->slot);
  // A JSON string is a TOML string.
  const std::string text = nlohmann::json(std::filesystem::absolute(folder).string()).dump();
  config::Node tree = config::parse(fmt::format("[data]\ndataset = \"{0}\"\n[data.{0}]\nroot = {1}{2}{3}\n", name,
                                                list ? "[" : "", text, list ? "]" : ""),
                                    folder.string());
  // There is no file with such a line: a fault in the data set is one of the folder.
  tree.set("data.dataset", config::Node(name, {folder.string(), 0, 0, {}}));
  for (const std::string& assignment : options.set) config::apply_override(tree, assignment);
  return tree;
}

// The cell with the task's data set in [data].
config::Node with_data_of(config::Node cell, const std::string& task) {
  const config::Node only = experiment::with_task(cell, task);
  const config::Node& chosen = only.find("downstream")->table().front().node;
  const config::Node* dataset = chosen.find("dataset");
  const auto* name = dataset == nullptr ? nullptr : std::get_if<std::string>(&dataset->value);
  if (name == nullptr) throw std::invalid_argument("[downstream." + task + "] names no `dataset`");
  config::Node data(config::Node::Table{}, chosen.origin);
  for (const config::Entry& entry : chosen.table()) {
    if (entry.key == "dataset" || entry.key == *name) data.table().push_back(entry);
  }
  cell.set("data", std::move(data));
  return cell;
}

config::Node file_cell(const std::filesystem::path& file, const Options& options) {
  if (!options.dataset.empty())
    throw std::invalid_argument("--dataset goes with a folder; " + file.string() + " names its data set itself");
  config::Node cell = experiment::expand(config::load(file, options.set)).front().tree;
  if (!options.task.empty()) return with_data_of(std::move(cell), options.task);
  if (const auto tasks = experiment::downstream_tasks(cell); cell.find("data") == nullptr && !tasks.empty()) {
    throw std::invalid_argument(fmt::format("{} has no [data]; name one of its tasks: --task {}", file.string(),
                                            fmt::join(tasks, ", --task ")));
  }
  return cell;
}

}  // namespace

config::Node first_cell(const Options& options) {
  if (options.arguments.size() != 1)
    throw std::invalid_argument(options.verb + " wants one experiment file or folder of images");
  const std::filesystem::path given = options.arguments[0];
  return std::filesystem::is_directory(given) ? folder_cell(given, options) : file_cell(given, options);
}

train::Recipe data_recipe(const config::Node& cell, PluginHost& host, const std::string& source) {
  config::Node tree = cell;
  if (!source.empty()) tree.set("guidance.filter", config::Node(source, {"--source " + source, 0, 0, {}}));
  std::vector<config::Diagnostic> faults;
  train::Recipe recipe = train::read_recipe(tree, "segmentor", host, faults);
  if (!faults.empty()) throw config::ConfigError(std::move(faults));
  // The tables are read; the tree that held them ends here.
  for (auto& [name, choice] : recipe.guidance) choice.tables.clear();
  recipe.dataset.tables.clear();
  return recipe;
}

}  // namespace vaso::worker
