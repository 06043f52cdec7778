// What the files that implement Store share.
#pragma once

#include "runs/connection.hpp"
#include "runs/open.hpp"

namespace vaso::runs {

struct Store::Impl {
  Opened opened;

  Connection& db() { return opened.connection; }

  // Every write passes here, so that none slips by a database that must not be written.
  void refuse_if_read_only() const;

  // Inside the transaction of a write. Says more than "FOREIGN KEY constraint failed".
  void require(std::int64_t run);

  void update(const Run& run);  // inside the transaction of a write
};

// UTC, ISO 8601, seconds.
std::string utc_now();

}  // namespace vaso::runs
