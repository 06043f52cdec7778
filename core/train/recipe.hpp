// From a resolved experiment to typed settings and chosen components: everything about a run that can be checked before
// it starts.
#pragma once

#include "config/tree.hpp"
#include "experiment/settings.hpp"
#include "host/plugin_host.hpp"

#include "sdk/dataset.hpp"
#include "sdk/guidance.hpp"
#include "sdk/loss.hpp"
#include "sdk/masking.hpp"
#include "sdk/objective.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace vaso::train {

struct Settings {
  experiment::General general;
  experiment::Data data;
  experiment::Views views;
  experiment::Guidance guidance;
  experiment::Segmentor segmentor;
  experiment::Model model;
  experiment::Optimizer optimizer;
  experiment::Pretrain pretrain;
};

// A component that the experiment chose, with its parameters bound, not made yet.
struct Choice {
  const LoadedComponent* component = nullptr;
  Parameters parameters;
  std::vector<const config::Node*> tables;  // where its parameters stand, the more specific last
  config::Origin origin;                    // of the choice itself

  std::string name() const;                               // "masking.anatomy"
  config::Origin locate(const std::string& field) const;  // the value of a parameter, else the choice
  std::string parameter_text() const;                     // canonical: equal parameters give equal text
  std::optional<bool> flag(
      const std::string& field) const;  // the value of a bool parameter, if it has one of that name
};

// A term of the loss and its weight in the sum.
struct LossChoice {
  Choice choice;
  double weight = 1;
};

struct Recipe {
  Settings settings;
  RunShape shape;  // samples is 0 until the data set was opened
  Choice dataset;
  std::map<std::string, Choice>
      guidance;                    // by name, closed under GuidanceSource::inputs; holds filter, and source if needed
  Choice objective, masking;       // phase pretrain only
  std::vector<LossChoice> losses;  // phase pretrain only
};

// Reads one phase of a cell. Appends a Diagnostic per fault: types, ranges, unknown keys, unknown components,
// parameters that do not go together, sizes that do not divide. The recipe is complete where none was added. `cell`
// must outlive the recipe.
Recipe read_recipe(const config::Node& cell, const std::string& phase, PluginHost& host,
                   std::vector<config::Diagnostic>& faults);

// The encoder that [model] describes; epochs and samples are left out.
RunShape encoder_shape(const experiment::Model& settings);

// Makes a component. Throws config::ConfigError where its constructor refuses its parameters.
std::shared_ptr<Component> make_component(const Choice& choice, const RunShape& shape);
template <class Interface>
std::shared_ptr<Interface> make(const Choice& choice, const RunShape& shape) {
  return std::static_pointer_cast<Interface>(make_component(choice, shape));
}

}  // namespace vaso::train
