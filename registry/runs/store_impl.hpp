// What the files that implement Store share.
#pragma once

#include "runs/connection.hpp"
#include "runs/open.hpp"

#include <functional>

namespace vaso::runs {

struct Store::Impl {
  Opened opened;

  Connection& db() { return opened.connection; }

  // Every write passes here, so that none slips by a database that must not be written.
  void refuse_if_read_only() const;

  // Inside the transaction of a write. Says more than "FOREIGN KEY constraint failed".
  void require(std::int64_t run);

  // Inside the transaction of a write.
  std::int64_t insert(const Run& run, const std::vector<PluginUsed>& plugins,
                      const std::vector<std::pair<std::string, std::string>>& settings);
  void update(const Run& run);

  // `work` in a transaction, for a run that is there.
  void write_for(std::int64_t run, const std::function<void(Connection&)>& work);
};

// UTC, ISO 8601, seconds.
std::string utc_now();

// Inside the transaction of a write, for a run that is there.
void insert_points(Connection& db, std::int64_t run, std::int64_t step, const std::map<std::string, double>& values);
void delete_points_from(Connection& db, std::int64_t run, std::int64_t step);
void insert_per_image(Connection& db, std::int64_t run, const std::string& metric,
                      const std::map<std::string, double>& value_by_image);
void insert_convention(Connection& db, std::int64_t run, const std::string& metric, const std::string& text);
void insert_artefact(Connection& db, std::int64_t run, const Artefact& artefact);
std::vector<Artefact> read_artefacts(Connection& db, std::int64_t run);

void insert_study(Connection& db, const StudyRecord& study);  // replaces one of that name
std::optional<StudyRecord> read_study(Connection& db, const std::string& name);
std::vector<std::string> read_study_names(Connection& db);

}  // namespace vaso::runs
