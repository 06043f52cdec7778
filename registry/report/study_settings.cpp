#include "report/study_settings.hpp"

#include "config/tree.hpp"

#include <algorithm>
#include <set>

namespace vaso::report {
namespace {

// A listed cell's `set`: its keys are paths, or tables of such.
void collect(const config::Node& node, const std::string& path, std::set<std::string>& paths) {
  if (!node.is_table()) {
    paths.insert(path);
    return;
  }
  for (const config::Entry& entry : node.table()) {
    collect(entry.node, path.empty() ? entry.key : path + "." + entry.key, paths);
  }
}

void collect_listed(const runs::StudyRecord& study, std::set<std::string>& paths) {
  const config::Node root = config::parse(study.config_toml, study.file);
  const config::Node* cells = root.find("study.cells");
  if (cells == nullptr || !cells->is_array()) return;
  for (const config::Node& cell : cells->array()) {
    if (const config::Node* set = cell.find("set")) collect(*set, "", paths);
  }
}

}  // namespace

std::vector<std::string> declared_settings(const runs::StudyRecord& study) {
  std::set<std::string> paths, tasks;
  for (const runs::StudyFactor& factor : study.factors) {
    for (const runs::StudyLevel& level : factor.levels) {
      for (const auto& [path, value] : level.settings) paths.insert(path);
    }
  }
  if (study.design == "list") collect_listed(study, paths);
  for (const runs::StudyRun& run : study.runs) tasks.insert(run.task);

  std::set<std::string> declared = paths;
  for (const std::string& path : paths) {
    for (const std::string& task : tasks) {
      const std::string prefix = "downstream." + task + ".";
      if (!task.empty() && path.starts_with(prefix)) declared.insert("downstream." + path.substr(prefix.size()));
    }
  }
  return {declared.begin(), declared.end()};
}

}  // namespace vaso::report
