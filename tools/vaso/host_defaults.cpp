#include "host_defaults.hpp"

#include "config/binding.hpp"
#include "experiment/downstream.hpp"
#include "experiment/settings.hpp"

namespace vaso::cli {
namespace {

template <class Settings>
void add(config::Node& tree, const std::string& table) {
  Settings settings;
  Schema schema;
  settings.describe(schema);
  const config::Node values = config::values(schema);
  for (const config::Entry& entry : values.table()) {
    const std::string path = table.empty() ? entry.key : table + "." + entry.key;
    if (tree.find(path) == nullptr) tree.set(path, entry.node);
  }
}

}  // namespace

config::Node with_host_defaults(config::Node tree, const std::filesystem::path& file) {
  if (tree.find("name") == nullptr) {
    tree.set("name", config::Node(file.stem().string(), config::Origin{"the file's name", 0, 0, {}}));
  }
  add<experiment::General>(tree, "");
  add<experiment::Data>(tree, "data");
  add<experiment::Views>(tree, "views");
  add<experiment::Guidance>(tree, "guidance");
  add<experiment::Segmentor>(tree, "segmentor");
  add<experiment::Model>(tree, "model");
  add<experiment::Optimizer>(tree, "optimizer");
  add<experiment::Pretrain>(tree, "pretrain");
  for (const experiment::ComponentTable& component : experiment::component_tables) {
    const std::string path = std::string(component.table) + "." + component.key;
    if (*component.fallback != '\0' && tree.find(path) == nullptr) {
      tree.set(path, config::Node(std::string(component.fallback), config::Origin{"default", 0, 0, {}}));
    }
  }
  experiment::resolve_tasks(tree);
  for (const std::string& task : experiment::downstream_tasks(tree)) {
    add<experiment::Downstream>(tree, "downstream." + task);
    add<experiment::Augmentation>(tree, "downstream." + task + ".augment");
  }
  return tree;
}

}  // namespace vaso::cli
