#include "runs/plugin_checks.hpp"

#include "runs/open.hpp"
#include "runs/store_impl.hpp"

namespace vaso::runs {
namespace {

void insert(Connection& db, const PluginCheck& check) {
  db.prepare("INSERT OR REPLACE INTO plugin_checks VALUES (:sha256, :id, :version, :checked, :vasolab, :failures)")
      .bind(":sha256", check.sha256)
      .bind(":id", check.id)
      .bind(":version", check.version)
      .bind(":checked", check.checked.empty() ? utc_now() : check.checked)
      .bind(":vasolab", check.vasolab)
      .bind(":failures", check.failures)
      .run();
}

std::map<std::string, PluginCheck> read(Connection& db) {
  std::map<std::string, PluginCheck> checks;
  Statement row = db.prepare("SELECT sha256, id, version, checked, vasolab, failures FROM plugin_checks");
  while (row.step())
    checks[row.text(0)] = {row.text(0), row.text(1), row.text(2), row.text(3), row.text(4), row.text(5)};
  return checks;
}

}  // namespace

void write_plugin_checks(const std::filesystem::path& database, const std::vector<PluginCheck>& checks) {
  Opened opened = open_database(database, Store::Mode::read_write);
  if (!opened.why_read_only.empty()) throw StoreError(opened.why_read_only);
  Transaction transaction(opened.connection);
  for (const PluginCheck& check : checks) insert(opened.connection, check);
  transaction.commit();
}

std::map<std::string, PluginCheck> read_plugin_checks(const std::filesystem::path& database) {
  Opened opened = open_database(database, Store::Mode::read_only);
  return read(opened.connection);
}

void merge_plugin_checks(Connection& theirs, Connection& ours) {
  const auto known = read(ours);
  for (const auto& [digest, check] : read(theirs)) {
    const auto same = known.find(digest);
    if (same == known.end() || same->second.checked < check.checked) insert(ours, check);
  }
}

}  // namespace vaso::runs
