// The guidance sources of a run and how they feed one another.
#pragma once

#include "train/recipe.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace vaso::train {

class GuidanceGraph {
 public:
  // Makes every source of the recipe. Throws config::ConfigError: a source refuses its parameters, or sources feed one
  // another in a circle.
  explicit GuidanceGraph(const Recipe& recipe);

  const GuidanceSource& source(const std::string& name) const { return *sources_.at(name); }
  // Sources whose maps are made once and stored in the pack.
  std::vector<std::string> stored() const;
  // Under which name a stored source's map travels in packs and batches.
  static std::string map_name(const std::string& source) { return "guidance." + source; }

  // What the source and all it stands on need.
  Needs needs(const std::string& name) const;
  // B×1×H×W in [0,1].
  at::Tensor evaluate(const std::string& name, StepContext& step) const;

 private:
  std::map<std::string, std::shared_ptr<GuidanceSource>> sources_;
};

// `more` added to `needs`.
void merge(Needs& needs, const Needs& more);

}  // namespace vaso::train
