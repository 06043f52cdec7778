// From an experiment file to the runs it asks for.
#pragma once

#include "config/tree.hpp"
#include "experiment/study.hpp"
#include "runs/store.hpp"

#include <string>
#include <vector>

namespace vaso::experiment {

// A cell of the study with one of its seeds: a resolved tree without [study].
struct Cell {
  config::Node tree;
  std::vector<std::string> levels;  // "masking.strategy=random", "seed=1": what makes it differ from the others
  std::size_t cell = 0;             // into StudyDesign::cells
  std::int64_t seed = 0;

  std::string label() const;  // the levels in one line; "" where nothing varies
};

// Every cell of the study with every seed, seeds fastest. A level of a path that the file does not have is allowed
// here. Throws ConfigError.
std::vector<Cell> expand(const config::Node& root, const StudyDesign& study);
std::vector<Cell> expand(const config::Node& root);  // the same with read_study(root)

// The part of a cell that a phase depends on, so that runs which would be equal are recognised: `segmentor` depends on
// seed, device, precision, data, views, guidance.filter with its sub-tables, segmentor; `pretrain` on everything but
// study, name, phases, plugins, downstream; `finetune` (of a cell made by with_task) on seed, device, precision, model,
// the views' normalisation and its task. threads count too: results are bit-identical only for equal threads.
config::Node relevant(const config::Node& cell, const std::string& phase);

// SHA-256 of the canonical JSON of `relevant`, the data fingerprint, sorted plugin digests, and the parent's identity.
std::string identity(const config::Node& cell, const std::string& phase, const std::string& data_fingerprint,
                     const std::vector<runs::PluginUsed>& plugins, const std::string& parent_identity);

}  // namespace vaso::experiment
