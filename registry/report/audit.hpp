// Whether the rows of a table differ in anything but what the table says they differ in.
#pragma once

#include "runs/store.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace vaso::report {

// One thing that the runs of a table differ in beside the declared factors, or that a reader of its numbers must know.
struct Finding {
  enum class Kind {
    between_rows,  // the rows differ in it, each row being of one kind
    within_row,    // a row averages over runs that differ in it
    of_runs,       // no difference, but said: uncommitted changes, a training ended early or taken up again
  };
  struct Value {
    std::string text;                // "5", "1.0 33333333", "unset"
    std::vector<std::size_t> rows;   // of the table, ascending
    std::vector<std::int64_t> runs;  // ascending
  };
  Kind kind = Kind::between_rows;
  std::string phase;          // where it was compared: "pretrain", "finetune vessels"; several with commas between
  std::string property;       // "pretrain.epochs", "plugin loss.pixel", "source revision", "device", "ended early"
  std::vector<Value> values;  // in the order of the rows; of_runs: one

  bool is_difference() const { return kind != Kind::of_runs; }
};

// A run that a table stands on, and in which row. A run that rows share is there once for each.
struct Audited {
  const runs::Run* run = nullptr;
  std::size_t row = 0;
  std::string phase;  // runs are compared with those of the same: "pretrain", "finetune vessels"
};

// Compared: resolved settings, plugin digests, source revision, data fingerprint, device, LibTorch, thread pools.
// Not counted: seed, name, phases, `declared` settings and what stands below them, and what only one of several
// components has (masking.anatomy.* of a run with another strategy). `metrics`: series whose way of being computed is
// compared too. A handful of statements, whatever the number of runs.
std::vector<Finding> audit(const runs::Store& store, const std::vector<Audited>& runs,
                           const std::vector<std::string>& declared, const std::vector<std::string>& metrics);

}  // namespace vaso::report
