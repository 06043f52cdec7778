// What a run measured and made: series, values per image, conventions, files.
#include "runs/store_impl.hpp"

#include <fmt/format.h>

namespace vaso::runs {

void insert_points(Connection& db, std::int64_t run, std::int64_t step, const std::map<std::string, double>& values) {
  Statement statement = db.prepare("INSERT OR REPLACE INTO metrics VALUES (:run, :series, :step, :value)");
  for (const auto& [series, value] : values) {
    statement.bind(":run", run).bind(":series", series).bind(":step", step).bind(":value", value).run();
  }
}

void delete_points_from(Connection& db, std::int64_t run, std::int64_t step) {
  db.prepare("DELETE FROM metrics WHERE run = :run AND step >= :step").bind(":run", run).bind(":step", step).run();
}

void insert_per_image(Connection& db, std::int64_t run, const std::string& metric,
                      const std::map<std::string, double>& value_by_image) {
  Statement statement = db.prepare("INSERT OR REPLACE INTO per_image VALUES (:run, :metric, :image, :value)");
  for (const auto& [image, value] : value_by_image) {
    statement.bind(":run", run).bind(":metric", metric).bind(":image", image).bind(":value", value).run();
  }
}

void insert_convention(Connection& db, std::int64_t run, const std::string& metric, const std::string& text) {
  db.prepare("INSERT OR REPLACE INTO conventions VALUES (:run, :metric, :text)")
      .bind(":run", run)
      .bind(":metric", metric)
      .bind(":text", text)
      .run();
}

void insert_artefact(Connection& db, std::int64_t run, const Artefact& artefact) {
  db.prepare("INSERT OR REPLACE INTO artefacts VALUES (:run, :name, :file, :sha256, :bytes)")
      .bind(":run", run)
      .bind(":name", artefact.name)
      .bind(":file", artefact.file)
      .bind(":sha256", artefact.sha256)
      .bind(":bytes", artefact.bytes)
      .run();
}

std::vector<Artefact> read_artefacts(Connection& db, std::int64_t run) {
  Statement row = db.prepare("SELECT name, file, sha256, bytes FROM artefacts WHERE run = :run ORDER BY name");
  row.bind(":run", run);
  std::vector<Artefact> artefacts;
  while (row.step()) artefacts.push_back({row.text(0), row.text(1), row.text(2), row.integer(3)});
  return artefacts;
}

void Store::Impl::write_for(std::int64_t run, const std::function<void(Connection&)>& work) {
  refuse_if_read_only();
  Transaction transaction(db());
  require(run);
  work(db());
  transaction.commit();
}

void Store::log(std::int64_t run, std::int64_t step, const std::map<std::string, double>& values) {
  impl_->write_for(run, [&](Connection& db) { insert_points(db, run, step, values); });
}

void Store::forget_from(std::int64_t run, std::int64_t step) {
  impl_->write_for(run, [&](Connection& db) { delete_points_from(db, run, step); });
}

void Store::log_per_image(std::int64_t run, const std::string& metric,
                          const std::map<std::string, double>& value_by_image) {
  impl_->write_for(run, [&](Connection& db) { insert_per_image(db, run, metric, value_by_image); });
}

void Store::set_convention(std::int64_t run, const std::string& metric, const std::string& text) {
  impl_->write_for(run, [&](Connection& db) { insert_convention(db, run, metric, text); });
}

void Store::add_artefact(std::int64_t run, const Artefact& artefact) {
  impl_->write_for(run, [&](Connection& db) { insert_artefact(db, run, artefact); });
}

std::vector<Artefact> Store::artefacts(std::int64_t run) const { return read_artefacts(impl_->db(), run); }

namespace {

// Leaps from name to name in the primary key (run, name, …): DISTINCT would read every row of the run.
std::vector<std::string> names_of_run(Connection& db, const char* table, const char* column, std::int64_t run) {
  Statement row = db.prepare(
      fmt::format("WITH RECURSIVE names (name) AS (SELECT min({1}) FROM {0} WHERE run = :run UNION ALL SELECT (SELECT "
                  "min({1}) FROM "
                  "{0} WHERE run = :run AND {1} > name) FROM names WHERE name IS NOT NULL) SELECT name FROM names "
                  "WHERE name IS NOT NULL",
                  table, column));
  row.bind(":run", run);
  std::vector<std::string> names;
  while (row.step()) names.push_back(row.text(0));
  return names;
}

}  // namespace

std::vector<std::string> Store::series(std::int64_t run) const {
  return names_of_run(impl_->db(), "metrics", "series", run);
}

std::vector<std::string> Store::per_image_metrics(std::int64_t run) const {
  return names_of_run(impl_->db(), "per_image", "metric", run);
}

std::vector<Point> Store::points(std::int64_t run, const std::string& series) const {
  Statement row =
      impl_->db().prepare("SELECT step, value FROM metrics WHERE run = :run AND series = :series ORDER BY step");
  row.bind(":run", run).bind(":series", series);
  std::vector<Point> points;
  while (row.step()) points.push_back({row.integer(0), row.real(1)});
  return points;
}

std::map<std::string, double> Store::per_image(std::int64_t run, const std::string& metric) const {
  Statement row = impl_->db().prepare("SELECT image, value FROM per_image WHERE run = :run AND metric = :metric");
  row.bind(":run", run).bind(":metric", metric);
  std::map<std::string, double> values;
  while (row.step()) values.emplace(row.text(0), row.real(1));
  return values;
}

std::map<std::string, std::string> Store::conventions(std::int64_t run) const {
  Statement row = impl_->db().prepare("SELECT metric, text FROM conventions WHERE run = :run");
  row.bind(":run", run);
  std::map<std::string, std::string> conventions;
  while (row.step()) conventions[row.text(0)] = row.text(1);
  return conventions;
}

}  // namespace vaso::runs
