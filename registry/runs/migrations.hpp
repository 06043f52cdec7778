// The tables, as numbered steps from an empty file to what this VasoLab knows.
#pragma once

#include "runs/connection.hpp"

#include <span>

namespace vaso::runs {

// "VASO": lets `file` and us recognise a run database.
inline constexpr std::int64_t application_id = 0x5641534F;

// SQL texts; step i leads from version i to version i + 1. Their number is the version this program writes.
std::span<const char* const> migrations();

// Whose database a file is, read in one transaction. `tables` 0: nobody's yet.
struct Identity {
  std::int64_t application = 0;
  std::int64_t version = 0;
  std::int64_t tables = 0;
};
Identity identify(Connection& connection);

// Brings the database to version steps.size() inside one write transaction; the version is read inside it, so that of
// several programs that open an old file at once, one migrates and the others see its result. A database that holds
// something is copied to FILE.before-vN first, unless it is a copy in memory itself. Throws StoreError, leaving the
// database as it was.
void migrate(Connection& connection, std::span<const char* const> steps);

}  // namespace vaso::runs
