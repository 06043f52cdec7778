// From an experiment file to the runs it asks for.
#pragma once

#include "config/tree.hpp"
#include "runs/store.hpp"

#include <string>
#include <vector>

namespace vaso::experiment {

// One combination of factor levels and a seed: a resolved tree without [study].
struct Cell {
  config::Node tree;
  std::string label;  // "masking.strategy=random seed=1"; "" where nothing varies
};

// Expands [study.factors] (full grid, first factor slowest) and [study] seeds. Throws ConfigError (a factor that is no
// list, an empty list, a level of a path that the file does not have is allowed).
std::vector<Cell> expand(const config::Node& root);

// The part of a cell that a phase depends on, so that runs which would be equal are recognised: `segmentor` depends on
// seed, device, precision, data, views, guidance.filter with its sub-tables, segmentor; `pretrain` on everything but
// study, name, phases, plugins, downstream; `finetune` (of a cell made by with_task) on seed, device, precision, model,
// the views' normalisation and its task. threads count too: results are bit-identical only for equal threads.
config::Node relevant(const config::Node& cell, const std::string& phase);

// SHA-256 of the canonical JSON of `relevant`, the data fingerprint, sorted plugin digests, and the parent's identity.
std::string identity(const config::Node& cell, const std::string& phase, const std::string& data_fingerprint,
                     const std::vector<runs::PluginUsed>& plugins, const std::string& parent_identity);

}  // namespace vaso::experiment
