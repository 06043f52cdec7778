// What a run's own settings file needs that only components know: their defaults, and which of their values are paths.
#pragma once

#include "config/tree.hpp"

#include <nlohmann/json_fwd.hpp>

#include <map>
#include <string>
#include <vector>

namespace vaso::cli {

// The path that a text means: what is written in a file begins there, what --set says at the working directory.
std::string absolute_path(const config::Node& text);

class ComponentSettings {
 public:
  // `described`: what the worker says of every component (describe_components).
  explicit ComponentSettings(const nlohmann::json& described);

  // Makes the settings of a cell complete and independent of where their file lies: parameters of the chosen components
  // that are not set get their default, and relative paths, which begin at the file that sets them, become absolute.
  void complete(config::Node& tree) const;

 private:
  struct Parameter {
    std::string name;
    config::Node value;  // the default
    bool path = false;
  };
  struct Place {            // where the parameters of one chosen component may stand
    std::string component;  // "masking.anatomy"
    std::string table;      // "masking", "loss.0"
    std::string own;        // "masking.anatomy": for it alone; "" where there is no such table
    std::string defaults;   // the one of the two that takes what is not set
  };
  const std::vector<Parameter>* of(const std::string& component) const;
  std::vector<Place> places(const config::Node& tree) const;
  void complete(config::Node& tree, const Place& place) const;

  std::map<std::string, std::vector<Parameter>> parameters_;
};

}  // namespace vaso::cli
