#include "experiment/study.hpp"

#include "config/binding.hpp"
#include "config/path.hpp"
#include "experiment/study_parts.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace vaso::experiment {
namespace {

using config::Diagnostic;
using config::Node;

constexpr std::size_t most_runs = 10'000;  // a grid beyond it is a slip, and would fill the memory before it ran

StudyCell combined(const std::vector<Factor>& factors, std::vector<std::size_t> levels) {
  StudyCell cell;
  for (std::size_t i = 0; i < factors.size(); ++i) {
    const Level& level = factors[i].levels[levels[i]];
    if (!cell.name.empty()) cell.name += ' ';
    cell.name += level_label(factors[i].name, level.name);
    cell.settings.insert(cell.settings.end(), level.settings.begin(), level.settings.end());
  }
  cell.levels = std::move(levels);
  return cell;
}

std::vector<std::vector<std::size_t>> grid(const std::vector<Factor>& factors) {
  std::vector<std::vector<std::size_t>> all = {{}};
  for (const Factor& factor : factors) {
    std::vector<std::vector<std::size_t>> longer;
    for (const std::vector<std::size_t>& levels : all) {
      for (std::size_t level = 0; level < factor.levels.size(); ++level) {
        longer.push_back(levels);
        longer.back().push_back(level);
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<std::vector<std::size_t>> one_factor(const std::vector<Factor>& factors,
                                                 const std::vector<std::size_t>& baseline) {
  std::vector<std::vector<std::size_t>> all = {baseline};
  for (std::size_t i = 0; i < factors.size(); ++i) {
    for (std::size_t level = 0; level < factors[i].levels.size(); ++level) {
      if (level == baseline[i]) continue;
      all.push_back(baseline);
      all.back()[i] = level;
    }
  }
  return all;
}

std::vector<std::vector<std::size_t>> leave_one_out(const std::vector<std::size_t>& baseline) {
  std::vector<std::vector<std::size_t>> all = {baseline};
  for (std::size_t i = 0; i < baseline.size(); ++i) {
    all.push_back(baseline);
    all.back()[i] = 0;
  }
  return all;
}

// How many cells the grid would have; beyond the limit it does not matter how many.
std::size_t grid_size(const std::vector<Factor>& factors) {
  std::size_t size = 1;
  for (const Factor& factor : factors) size = std::min(size * factor.levels.size(), most_runs + 1);
  return size;
}

void check_seeds(const StudyDesign& study, const Node& table, std::vector<Diagnostic>& faults) {
  const Node* seeds = table.find("seeds");
  if (seeds == nullptr || study.settings.seeds.empty()) return;
  for (std::size_t i = 1; i < study.settings.seeds.size(); ++i) {
    const auto end = study.settings.seeds.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find(study.settings.seeds.begin(), end, study.settings.seeds[i]) == end) continue;
    faults.push_back({fmt::format("the seed {} stands in `study.seeds` twice", study.settings.seeds[i]),
                      seeds->array()[i].origin, "equal runs are run once: it would not count as a repetition",
                      "take one out, or give another number"});
  }
  const auto refuse = [&](const std::vector<Setting>& settings) {
    for (const Setting& setting : settings) {
      if (setting.path != "seed") continue;
      faults.push_back({"`seed` is varied twice", setting.key, "`study.seeds` sets it for every cell", "take one out"});
      return;
    }
  };
  for (const Factor& factor : study.factors) refuse(factor.levels.front().settings);
  for (const StudyCell& cell : study.cells) {
    if (cell.levels.empty()) refuse(cell.settings);
  }
}

void combine(StudyDesign& study, const Node& table, std::vector<Diagnostic>& faults) {
  const std::vector<std::size_t> baseline = read_baseline(table, study, faults);
  if (!faults.empty()) return;
  const std::string& design = study.settings.design;
  const std::size_t repeats = std::max<std::size_t>(study.settings.seeds.size(), 1);
  if (design == "grid" && grid_size(study.factors) * repeats > most_runs) {
    faults.push_back({fmt::format("the study has more than {} cells", most_runs), table.origin,
                      "every combination of levels and seeds is one",
                      "vary fewer factors at a time: design = \"one_factor\""});
    return;
  }
  for (std::vector<std::size_t>& levels : design == "grid"         ? grid(study.factors)
                                          : design == "one_factor" ? one_factor(study.factors, baseline)
                                                                   : leave_one_out(baseline)) {
    const bool is_baseline = levels == baseline;
    study.cells.push_back(combined(study.factors, std::move(levels)));
    study.cells.back().baseline = is_baseline;
  }
}

}  // namespace

std::string level_label(const std::string& factor, const std::string& level) {
  const bool plain = !level.empty() && level.find_first_of(" \t\r\n\"=") == std::string::npos;
  return fmt::format("{}={}", factor, plain ? level : config::in_quotes(level));
}

void apply(const Setting& setting, Node& tree) {
  tree.set(setting.path, Node(std::string(), setting.key));
  *tree.find(setting.path) = setting.value;
}

StudyDesign read_study(const Node& root) {
  StudyDesign study;
  const Node* table = root.find("study");
  if (table == nullptr) {
    study.cells.push_back(combined({}, {}));
    study.cells.back().baseline = true;
    return study;
  }
  std::vector<Diagnostic> faults;
  Schema schema;
  study.settings.describe(schema);
  std::set<std::string> used;
  config::bind(*table, schema, "study", used, faults);
  config::refuse_unknown(*table, "[study]", used, {"factors", "baseline", "cells"}, faults);
  if (faults.empty()) {
    if (study.settings.design == "list") {
      study.cells = read_cells(*table, faults);
    } else {
      study.factors = read_factors(*table, study.settings.design, faults);
    }
    check_seeds(study, *table, faults);
    if (study.settings.design != "list" && faults.empty()) combine(study, *table, faults);
  }
  if (!faults.empty()) throw config::ConfigError(std::move(faults));
  return study;
}

}  // namespace vaso::experiment
