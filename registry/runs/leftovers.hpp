// What may be deleted without losing a result.
#pragma once

#include "runs/store.hpp"

namespace vaso::runs {

struct Leftover {
  enum class Kind { orphan_folder, partial_copy, checkpoint, superseded_run };
  Kind kind;
  std::int64_t run = 0;        // 0 where none is known
  std::filesystem::path path;  // what is deleted; "" where a superseded run has no folder in this home
  std::int64_t bytes = 0;
  std::string why;  // "no run names this folder", "run 12 has finished", "run 14 finished with the same settings"
};

struct Leftovers {
  std::vector<Leftover> found;
  std::int64_t kept_for_studies = 0;  // checkpoints that a study's runs still have
  bool merge_in_progress = false;     // its folders were left out
};

// Folders that look like a run's but that no row names; copies that a merge left half done; checkpoints of finished
// runs, which only --resume needs; failed and interrupted runs with the settings of one that has finished since, unless
// another run builds on them. Runs that a study shows keep their checkpoints unless `of_studies`. Nothing outside the
// home is ever named.
Leftovers find_leftovers(const Store& store, bool of_studies);

// Deletes rows before files, so that an interruption leaves what the next search finds. Throws StoreError.
void remove_leftovers(Store& store, const std::vector<Leftover>& leftovers);

// Folders of runs below `home` whose names no row knows. `store` is read after the folders were listed: the row of a
// run is there before its folder.
std::vector<std::filesystem::path> orphan_folders(const std::filesystem::path& home, const Store& store);

}  // namespace vaso::runs
