// What a worker measures, on its way into the database where that lies on a network disk: SQLite's locks are unreliable
// there (https://www.sqlite.org/faq.html#q5), and a worker would take them at every epoch. So it appends to a file in
// its run's folder that nobody else writes, and `vaso` takes that up into the database when the run has ended, or
// looks.
//
// A line is the CRC-32C of a record in eight hexadecimal digits, a blank, and the record as JSON; it is on the disk
// before the worker goes on. A line that a kill or a crash left torn has no right checksum.
#pragma once

#include "runs/connection.hpp"
#include "runs/run_log.hpp"

namespace vaso::runs {

inline constexpr const char* spool_name = "measurements.spool";

// VASO_SPOOL=1 and =0 decide; else a spool is used where `folder`, which exists, is not on a local disk.
bool wants_spool(const std::filesystem::path& folder);

class Spool final : public RunLog {
 public:
  // Appends to the spool in `folder`; a torn last line is cut off first. Members throw StoreError.
  explicit Spool(const std::filesystem::path& folder);
  ~Spool() override;
  Spool(const Spool&) = delete;

  void log(std::int64_t step, const std::map<std::string, double>& values) override;
  void forget_from(std::int64_t step) override;
  void log_per_image(const std::string& metric, const std::map<std::string, double>& value_by_image) override;
  void set_convention(const std::string& metric, const std::string& text) override;
  void add_artefact(const Artefact& artefact) override;

 private:
  void append(const std::string& record);
  std::filesystem::path file_;
  int descriptor_;
};

struct Replayed {
  std::int64_t records = 0;
  std::int64_t damaged = 0;  // lines without a right checksum, a torn last one apart
};

// Brings everything in the spool of `folder`, if there is one, into the database, inside the transaction of a write.
// Doing it twice gives the same: what is there is replaced.
Replayed replay_spool(Connection& db, std::int64_t run, const std::filesystem::path& folder);

// The same without a database: what a spool holds.
Replayed inspect_spool(const std::filesystem::path& folder);

}  // namespace vaso::runs
