// The parts of one pre-training, made from its recipe and fitted together; everything that can be wrong is found here.
#pragma once

#include "train/guidance_graph.hpp"
#include "train/images.hpp"
#include "train/networks.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace vaso::train {

struct PretrainParts {
  Recipe recipe;
  Images images;
  std::optional<GuidanceGraph> guidance;
  std::shared_ptr<Objective> objective;
  std::shared_ptr<MaskingStrategy> masking;
  std::vector<std::shared_ptr<LossTerm>> losses;  // in the order of recipe.losses
  Needs needs;                                    // of all of them together
  std::vector<ViewSpec> views;

  std::int64_t batches_per_epoch() const;
  std::int64_t steps_per_epoch() const;
  // Components that may keep state, under the names that checkpoints use.
  std::vector<std::pair<std::string, Component*>> stateful() const;
};

// `segmentor`: the weights file that will be there when the run starts, "" = none. Appends a Diagnostic per fault; the
// parts are complete where none was added. `cell` must outlive them.
PretrainParts fit_parts(const config::Node& cell, PluginHost& host, bool has_segmentor,
                        std::vector<config::Diagnostic>& faults);

}  // namespace vaso::train
