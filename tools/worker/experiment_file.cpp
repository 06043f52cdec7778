#include "experiment_file.hpp"

#include "experiment/plan.hpp"

#include <nlohmann/json.hpp>

#include <filesystem>
#include <stdexcept>

namespace vaso::worker {

config::Node first_cell(const Options& options) {
  if (options.arguments.size() != 1)
    throw std::invalid_argument(options.verb + " wants one experiment file or folder of images");
  const std::filesystem::path given = options.arguments[0];
  if (!std::filesystem::is_directory(given)) return experiment::expand(config::load(given, options.set)).front().tree;
  // A JSON string is a TOML string.
  const std::string root = nlohmann::json(std::filesystem::absolute(given).string()).dump();
  config::Node tree =
      config::parse("[data]\ndataset = \"images\"\n[data.images]\nroot = [" + root + "]\n", given.string());
  for (const std::string& assignment : options.set) config::apply_override(tree, assignment);
  return tree;
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
