// Readers over all runs at once. The primary key of `metrics` is (run, series, step): one number of a series costs a
// search per run, never a scan of the points, as long as only its ends are asked for.
#include "runs/store_impl.hpp"

#include <fmt/format.h>
#include <unordered_map>

namespace vaso::runs {
namespace {

// Of the points of one run's series; `id` is that of the run.
std::string picking(Pick pick) {
  constexpr const char* points = "FROM metrics WHERE run = id AND series = :series";
  switch (pick) {
    case Pick::first:
      return fmt::format("SELECT value {} ORDER BY step LIMIT 1", points);
    case Pick::last:
      return fmt::format("SELECT value {} ORDER BY step DESC LIMIT 1", points);
    case Pick::smallest:
      return fmt::format("SELECT min(value) {}", points);
    case Pick::largest:
      return fmt::format("SELECT max(value) {}", points);
    case Pick::mean:  // avg() leaves NULL out, which is our NaN
      return fmt::format("SELECT iif(count(value) = count(*), avg(value), NULL) {}", points);
  }
  throw std::logic_error("no such pick");
}

// A column's distinct values, leaping from one to the next in an index that begins with it.
std::string leaping(const char* column, const char* table) {
  return fmt::format(
      "WITH RECURSIVE names (name) AS (SELECT min({0}) FROM {1} UNION ALL SELECT (SELECT min({0}) FROM {1} "
      "WHERE {0} > name) FROM names WHERE name IS NOT NULL) SELECT name FROM names WHERE name IS NOT NULL",
      column, table);
}

}  // namespace

std::map<std::int64_t, double> Store::values(const std::string& series, Pick pick) const {
  Statement row = impl_->db().prepare(
      fmt::format("SELECT id, ({}) FROM runs WHERE EXISTS (SELECT 1 FROM metrics WHERE run = id AND series = :series) "
                  "ORDER BY id",
                  picking(pick)));
  row.bind(":series", series);
  std::map<std::int64_t, double> values;
  while (row.step()) values.emplace_hint(values.end(), row.integer(0), row.real(1));
  return values;
}

std::set<std::string> Store::series_names() const {
  std::set<std::string> names;
  // In every run from one name to the next: a search for each series, whatever the number of points.
  Statement row = impl_->db().prepare(
      "WITH RECURSIVE pairs (r, s) AS (SELECT id, (SELECT min(series) FROM metrics WHERE run = id) FROM runs UNION ALL "
      "SELECT r, (SELECT min(series) FROM metrics WHERE run = r AND series > s) FROM pairs WHERE s IS NOT NULL) "
      "SELECT DISTINCT s FROM pairs WHERE s IS NOT NULL");
  while (row.step()) names.insert(row.text(0));
  return names;
}

std::set<std::string> Store::setting_paths() const {
  std::set<std::string> paths;
  Statement row = impl_->db().prepare(leaping("path", "settings"));
  while (row.step()) paths.insert(row.text(0));
  return paths;
}

std::map<std::int64_t, std::string> Store::setting(const std::string& path) const {
  std::map<std::int64_t, std::string> values;
  Statement row = impl_->db().prepare("SELECT run, value FROM settings WHERE path = :path");
  row.bind(":path", path);
  while (row.step()) values.emplace(row.integer(0), row.text(1));
  return values;
}

std::set<std::string> Store::differing_settings(const std::vector<std::int64_t>& runs) const {
  struct Seen {
    std::string value;  // in the first run that has it
    std::size_t count = 0;
    bool differs = false;
  };
  std::unordered_map<std::string, Seen> seen;
  for (const std::int64_t run : runs) {
    Statement row = impl_->db().prepare("SELECT path, value FROM settings WHERE run = :run");
    row.bind(":run", run);
    while (row.step()) {
      Seen& path = seen[row.text(0)];
      std::string value = row.text(1);
      if (path.count++ == 0) {
        path.value = std::move(value);
      } else if (value != path.value) {
        path.differs = true;
      }
    }
  }
  std::set<std::string> differing;
  for (const auto& [path, of_path] : seen) {
    if (of_path.differs || of_path.count < runs.size()) differing.insert(path);
  }
  return differing;
}

std::map<std::int64_t, std::vector<PluginUsed>> Store::all_plugins() const {
  std::map<std::int64_t, std::vector<PluginUsed>> plugins;
  Statement row = impl_->db().prepare("SELECT run, id, version, file, sha256 FROM plugins ORDER BY run, id");
  while (row.step()) plugins[row.integer(0)].push_back({row.text(1), row.text(2), row.text(3), row.text(4)});
  return plugins;
}

std::map<std::int64_t, std::map<std::string, std::string>> Store::all_conventions() const {
  std::map<std::int64_t, std::map<std::string, std::string>> conventions;
  Statement row = impl_->db().prepare("SELECT run, metric, text FROM conventions");
  while (row.step()) conventions[row.integer(0)].emplace(row.text(1), row.text(2));
  return conventions;
}

std::map<std::string, std::int64_t> Store::standing_for_identity() const {
  std::map<std::string, std::int64_t> runs;
  // Of rows with the same identity the last one stays: the finished ones come last, the newest of them at the end.
  Statement row =
      impl_->db().prepare("SELECT identity, id FROM runs WHERE identity <> '' ORDER BY status = 'finished', id");
  while (row.step()) runs.insert_or_assign(row.text(0), row.integer(1));
  return runs;
}

}  // namespace vaso::runs
