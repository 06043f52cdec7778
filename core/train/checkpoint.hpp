// All that a run must remember to go on as if it had never stopped.
//
// One safetensors file. Student weights carry the released names, so that any reader of MAE checkpoints can use the
// file; everything else has a prefix: "teacher.", "optimizer.", "component.KIND.NAME.", "epoch." (sums of the running
// epoch's means), "selected." and "selection." (the weights that did best so far, and how well).
#pragma once

#include "sdk/component.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace vaso::train {

struct Checkpoint {
  std::int64_t epoch = 0;  // the one to go on with
  std::int64_t batch = 0;  // of that epoch, the next to train on
  std::int64_t step = 0;   // optimizer steps done
  Bag student;
  std::map<std::string, Bag> parts;  // by prefix without the dot: "teacher", "optimizer", "component", "epoch", …
};

// Throws CheckpointError; a full disk leaves an older checkpoint in place.
void save(const Checkpoint& checkpoint, const std::filesystem::path& file, const std::string& phase);
// Throws CheckpointError also where the file belongs to another phase.
Checkpoint load(const std::filesystem::path& file, const std::string& phase);

}  // namespace vaso::train
