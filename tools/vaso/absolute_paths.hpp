// Relative paths of an experiment begin at the file that sets them. A run keeps its settings in a file of its own,
// elsewhere: there they must be absolute.
#pragma once

#include "command_line.hpp"
#include "config/tree.hpp"

#include <map>
#include <string>
#include <vector>

namespace vaso::cli {

class AbsolutePaths {
 public:
  explicit AbsolutePaths(const Common& options) : options_(options) {}
  // Which values are paths, the host's tables know, and the components that were chosen: those are asked for through
  // the worker, and only where a value could be one. Throws WorkerError.
  void apply(config::Node& tree);

 private:
  const std::vector<std::string>& fields_of(const std::string& component);

  const Common& options_;
  std::map<std::string, std::vector<std::string>> fields_;  // by component name
};

}  // namespace vaso::cli
