// Whether the rows of a table differ in anything but what the table says they differ in.
#pragma once

#include "runs/store.hpp"

#include <map>
#include <string>
#include <vector>

namespace vaso::report {

// A run that stands in a table, and in which row.
struct Audited {
  const runs::Run* run;
  std::size_t row;
  std::map<std::string, std::string> settings;
  std::vector<runs::PluginUsed> plugins;
};

// Notes such as "rows also differ in pretrain.epochs (2, 5)" and "rows average runs that differ in masking.ratio (0.5,
// 0.75)". Compared, within each phase: settings, data, plugin digests, source revision, LibTorch, device. Not counted:
// `by`, seed, name, phases, and what only one of several components has (masking.anatomy.* where masking.strategy
// differs).
std::vector<std::string> confounds(const std::vector<Audited>& runs, const std::vector<std::string>& by);

}  // namespace vaso::report
