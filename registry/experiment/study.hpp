// [study]: which settings vary, how their levels are combined, and what the combinations are compared with.
//
//   [study]
//   question = "Is it worth telling the mask where the vessels are?"
//   design = "grid"                                            # or one_factor, leave_one_out, list
//   seeds = [0, 1, 2]
//   baseline = { guidance = "none", "masking.ratio" = 0.5 }    # default: the first level of each factor
//   [study.factors]
//   "masking.ratio" = [0.5, 0.75]                              # the path of one value and its levels
//   [study.factors.guidance]                                   # a name: each level sets any number of values
//   none = { "masking.strategy" = "random" }
//   frangi = { "masking.strategy" = "anatomy", "guidance.source" = "frangi" }
//
// grid: every combination. one_factor: the baseline, and every other level of each factor in turn. leave_one_out: the
// baseline is the whole method, and each factor in turn goes back to its first level. list: [[study.cells]], each with
// `name`, `set = { … }` and, for the one that the others are compared with, `baseline = true` (default: the first).
#pragma once

#include "config/tree.hpp"
#include "experiment/settings.hpp"

#include <string>
#include <vector>

namespace vaso::experiment {

// A value that a level or a listed cell sets.
struct Setting {
  std::string path;    // dotted
  config::Node value;  // a table stands in single settings
  config::Origin key;  // where its key stands
};

struct Level {
  std::string name;  // a text as it is, other values as in TOML
  std::vector<Setting> settings;
  config::Origin origin;
};

struct Factor {
  std::string name;  // "masking.strategy", "guidance"
  std::vector<Level> levels;
  config::Origin origin;
};

struct StudyCell {
  std::string name;  // "masking.ratio=0.5 guidance=none", or as the list names it; "" where nothing varies
  std::vector<std::size_t> levels;  // by factor; empty in a list
  std::vector<Setting> settings;
  bool baseline = false;  // of one cell
};

struct StudyDesign {
  Study settings;
  std::vector<Factor> factors;
  std::vector<StudyCell> cells;
};

// Reads and checks [study] of an experiment; without one there is one cell. That its settings are known to anybody is
// not checked here. Throws ConfigError with every fault found.
StudyDesign read_study(const config::Node& root);

// "guidance=none": a level as it stands in names and labels, in quotes where it has blanks.
std::string level_label(const std::string& factor, const std::string& level);

// Puts the value into the tree. Keys that it makes are said to stand where the setting's key stands. Throws
// ConfigError.
void apply(const Setting& setting, config::Node& tree);

}  // namespace vaso::experiment
