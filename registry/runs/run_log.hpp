// Where a worker's measurements go.
#pragma once

#include "runs/store.hpp"

#include <map>
#include <memory>
#include <string>

namespace vaso::runs {

// As the members of Store with these names, for one run.
class RunLog {
 public:
  virtual ~RunLog() = default;
  virtual void log(std::int64_t step, const std::map<std::string, double>& values) = 0;
  virtual void forget_from(std::int64_t step) = 0;
  virtual void log_per_image(const std::string& metric, const std::map<std::string, double>& value_by_image) = 0;
  virtual void set_convention(const std::string& metric, const std::string& text) = 0;
  virtual void add_artefact(const Artefact& artefact) = 0;
};

// Into the database, or into a spool in the run's folder where the database is on a network disk. Throws StoreError.
std::unique_ptr<RunLog> open_run_log(const std::filesystem::path& database, std::int64_t run,
                                     const std::filesystem::path& folder);

}  // namespace vaso::runs
