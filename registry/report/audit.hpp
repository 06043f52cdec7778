// Whether the rows of a table differ in anything but what the table says they differ in.
#pragma once

#include "runs/store.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace vaso::report {

// One thing that the runs of a table differ in beside the declared factors, or that a reader of its numbers must know.
struct Finding {
  enum class Kind {
    between_rows,     // the rows differ in it, each row being of one kind
    within_row,       // a row averages over runs that differ in it
    between_columns,  // nothing that is compared differs, but what stands side by side does
    of_runs,          // of single runs: uncommitted changes, ended early, taken up again
  };
  struct Value {
    std::string text;                // "5", "1.0 33333333", "unset"
    std::vector<std::size_t> rows;   // of the table, ascending
    std::vector<std::int64_t> runs;  // ascending
  };
  Kind kind = Kind::between_rows;
  std::string phase;     // where it was compared: "pretrain", "finetune vessels"; "" = everywhere
  std::string property;  // "pretrain.epochs", "plugin loss.pixel", "source revision", "device", "dirty source tree"
  std::vector<Value> values;  // in the order of the rows; of_runs: one
};

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
