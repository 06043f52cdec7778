// Opening a run database: whose it is, which version, which journal.
#pragma once

#include "runs/connection.hpp"

namespace vaso::runs {

struct Opened {
  Connection connection;
  std::string why_read_only;  // "" = it can be written
};

// Makes the file and its folder (read_write), refuses what is no run database, migrates an old one. A current database
// is opened without a write. Throws StoreError.
Opened open_database(const std::filesystem::path& file, Store::Mode mode);

// Write-ahead log on a local disk, where readers and the writer do not wait for each other; elsewhere a rollback
// journal. Both wait for the disk at every commit. Returns the mode that SQLite says it uses. Throws StoreError.
std::string choose_journal(Connection& connection, bool local);

}  // namespace vaso::runs
