// Whether a database and the folders of its runs are whole; and a copy of it.
#pragma once

#include "runs/store.hpp"

#include <functional>

namespace vaso::runs {

struct Finding {
  enum class Gravity { fault, remark };  // something is lost or wrong; something is worth knowing
  Gravity gravity;
  std::string what;
  std::string cure;  // a command or a sentence; may be ""
};

struct CheckRequest {
  std::filesystem::path database;
  bool deep = false;                         // digests of all files, not their sizes alone
  std::function<bool(const Run&)> is_dead;   // whether the process of a running row is known to be gone
  std::function<bool(const Run&)> is_local;  // whether the run was made on this machine
  std::function<void(std::int64_t done, std::int64_t total)> progress;  // in runs; may be empty
};

struct CheckResult {
  std::int64_t runs = 0, points = 0, files = 0;
  std::vector<Finding> findings;
  bool whole() const;  // no fault among them
};

// Reads only. Looks at: SQLite's own integrity_check; rows that refer to no run; studies that cannot be read; files of
// finished runs; spools; running rows without a process; folders below the home that no row names. Throws StoreError
// where the database cannot be opened at all.
CheckResult check(const CheckRequest& request);

// Copies the database, all of one moment, also while others write; by way of a file beside `target`, which is replaced.
// Throws StoreError.
void back_up(const std::filesystem::path& database, const std::filesystem::path& target);

}  // namespace vaso::runs
