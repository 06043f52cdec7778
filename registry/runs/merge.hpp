// Runs that were made on several machines, in one database.
#pragma once

#include "runs/store.hpp"

#include <functional>

namespace vaso::runs {

struct MergeRequest {
  std::filesystem::path into;  // database file; made where there is none
  std::filesystem::path from;  // database file, opened for reading: an older version is fine, a newer one is not
  bool copy = false;           // folders of runs are copied below `into`'s folder; else referred to where they are
  bool dry_run = false;        // everything is tried, nothing is kept
  // Called often; `total` may grow when another kind of work begins.
  std::function<void(const std::string& what, std::int64_t done, std::int64_t total)> progress;
  // After so many rows the runs taken so far are kept, and others may write for a moment. 50,000 take a tenth of a
  // second or two.
  std::int64_t rows_at_a_time = 50'000;
};

struct MergeReport {
  // Run numbers there and here.
  std::vector<std::pair<std::int64_t, std::int64_t>> added;
  std::vector<std::pair<std::int64_t, std::int64_t>> updated;  // had gone further there
  std::int64_t there_already = 0;
  std::int64_t still_running = 0;  // of added and updated: recorded here as interrupted, for they may never end
  std::vector<std::string> studies_added, studies_updated;
  std::int64_t folders_copied = 0, bytes_copied = 0;
  std::vector<std::int64_t> folders_elsewhere;  // numbers here of those whose files cannot be reached from here
};

// Run numbers are given anew and parents follow. The same run is one with the same identity, creation time and host
// (the n-th such one there is the n-th here): it is not added twice, and where it has gone further there it is brought
// up to date. A study that both know is united where its plans agree, else the newer plan stays.
//
// A recorded folder is looked for beside `from` first, because a whole home may have been carried here from another
// machine, then at its own path, unless a run of `into` already lives there.
//
// Folders are copied first: each by way of a partial name, and compared with the recorded SHA-256 digests. Then runs
// are taken in slices, each in a transaction of its own, so that workers can write in between; a run comes as a whole,
// in the order of numbers there, and so after its parent. A merge that was interrupted leaves whole runs and whole
// copies, and the next one goes on from them. Throws StoreError.
MergeReport merge(const MergeRequest& request);

}  // namespace vaso::runs
