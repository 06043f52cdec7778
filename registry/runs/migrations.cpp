#include "runs/migrations.hpp"

#include <fmt/format.h>

namespace vaso::runs {
namespace {

// A new step goes to the end of the list; a step that has been released is never edited. Steps should only add (tables,
// columns with a default): then an older VasoLab can still read a newer database.
constexpr const char* version_1 = R"(
-- Numbers of runs are never given twice: a printed table cites them.
CREATE TABLE runs (
  id               INTEGER PRIMARY KEY AUTOINCREMENT,
  experiment       TEXT NOT NULL,
  phase            TEXT NOT NULL,
  label            TEXT NOT NULL,
  identity         TEXT NOT NULL,
  status           TEXT NOT NULL CHECK (status IN ('planned', 'running', 'finished', 'failed', 'interrupted')),
  seed             INTEGER NOT NULL,
  folder           TEXT NOT NULL,
  data_fingerprint TEXT NOT NULL,
  parent           INTEGER REFERENCES runs (id) ON DELETE SET NULL,
  created          TEXT NOT NULL,
  started          TEXT NOT NULL,
  finished         TEXT NOT NULL,
  host             TEXT NOT NULL,
  device           TEXT NOT NULL,
  libtorch         TEXT NOT NULL,
  version          TEXT NOT NULL,
  revision         TEXT NOT NULL,
  threads          TEXT NOT NULL,
  dirty            INTEGER NOT NULL CHECK (dirty IN (0, 1)),
  pid              INTEGER NOT NULL,
  wall_seconds     REAL NOT NULL,
  peak_memory      INTEGER NOT NULL,
  exit_code        INTEGER NOT NULL,
  signal           INTEGER NOT NULL,
  message          TEXT NOT NULL,
  -- Long texts last: SQLite reads a row from the left, and a list of runs does not need them.
  config_toml      TEXT NOT NULL,
  config_json      TEXT NOT NULL
) STRICT;
CREATE INDEX runs_by_identity ON runs (identity);

CREATE TABLE settings (
  run   INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  path  TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, path)
) STRICT, WITHOUT ROWID;

CREATE TABLE plugins (
  run     INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  id      TEXT NOT NULL,
  version TEXT NOT NULL,
  file    TEXT NOT NULL,
  sha256  TEXT NOT NULL,
  PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;

-- A value that is NULL was not a number (NaN): SQLite cannot store one.
CREATE TABLE metrics (
  run    INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  series TEXT NOT NULL,
  step   INTEGER NOT NULL,
  value  REAL,
  PRIMARY KEY (run, series, step)
) STRICT, WITHOUT ROWID;

CREATE TABLE per_image (
  run    INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  metric TEXT NOT NULL,
  image  TEXT NOT NULL,
  value  REAL,
  PRIMARY KEY (run, metric, image)
) STRICT, WITHOUT ROWID;

CREATE TABLE artefacts (
  run    INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  name   TEXT NOT NULL,
  file   TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  bytes  INTEGER NOT NULL,
  PRIMARY KEY (run, name)
) STRICT, WITHOUT ROWID;
)";

// How a metric was computed, in words: a number that stands without it can lie.
constexpr const char* version_2 = R"(
CREATE TABLE conventions (
  run    INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
  metric TEXT NOT NULL,
  text   TEXT NOT NULL,
  PRIMARY KEY (run, metric)
) STRICT, WITHOUT ROWID;
)";

// The new columns of `runs` stand behind its long texts, which may reach over several pages. Reading them costs nothing
// all the same: SQLite keeps the integers 0 and 1 in the head of a row (https://www.sqlite.org/fileformat2.html, serial
// types 8 and 9).
constexpr const char* version_3 = R"(
ALTER TABLE runs ADD COLUMN resumed INTEGER NOT NULL DEFAULT 0 CHECK (resumed >= 0);
ALTER TABLE runs ADD COLUMN stopped_early INTEGER NOT NULL DEFAULT 0 CHECK (stopped_early IN (0, 1));

-- Rows of a table: one setting of all runs, without going through every run's settings.
CREATE INDEX settings_by_path ON settings (path, value);

CREATE TABLE studies (
  name        TEXT NOT NULL PRIMARY KEY,
  question    TEXT NOT NULL,
  design      TEXT NOT NULL,
  file        TEXT NOT NULL,
  created     TEXT NOT NULL,
  layout_json TEXT NOT NULL, -- factors, cells, seeds
  config_toml TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The runs that a study needs; those that have not run yet are known by their identity all the same.
CREATE TABLE study_runs (
  study    TEXT NOT NULL REFERENCES studies (name) ON DELETE CASCADE,
  position INTEGER NOT NULL,
  cell     INTEGER NOT NULL,
  seed     INTEGER NOT NULL,
  phase    TEXT NOT NULL,
  task     TEXT NOT NULL,
  identity TEXT NOT NULL,
  PRIMARY KEY (study, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX study_runs_by_identity ON study_runs (identity);
)";

// What `vaso plugins check` found, by the plugin's file: the runs that used it say which one that was.
constexpr const char* version_4 = R"(
CREATE TABLE plugin_checks (
  sha256   TEXT NOT NULL PRIMARY KEY,
  id       TEXT NOT NULL,
  version  TEXT NOT NULL,
  checked  TEXT NOT NULL,
  vasolab  TEXT NOT NULL,
  failures TEXT NOT NULL
) STRICT, WITHOUT ROWID;
)";

constexpr const char* steps[] = {version_1, version_2, version_3, version_4};

}  // namespace

std::span<const char* const> migrations() { return steps; }

Identity identify(Connection& connection) {
  connection.execute("BEGIN");
  Identity identity;
  try {
    identity.application = connection.integer("PRAGMA application_id");
    identity.version = connection.integer("PRAGMA user_version");
    identity.tables = connection.integer("SELECT count(*) FROM sqlite_schema");
  } catch (const StoreError&) {
    if (connection.in_transaction()) connection.execute("ROLLBACK");
    throw;
  }
  connection.execute("COMMIT");
  return identity;
}

void migrate(Connection& connection, std::span<const char* const> steps) {
  Transaction transaction(connection);
  const auto version = static_cast<std::size_t>(connection.integer("PRAGMA user_version"));
  if (version >= steps.size()) return;  // another program was faster
  if (version > 0 && !connection.is_in_memory()) {
    connection.back_up(fmt::format("{}.before-v{}", connection.file().string(), steps.size()));
  }
  for (const char* const step : steps.subspan(version)) connection.execute(step);
  connection.execute(fmt::format("PRAGMA application_id = {}", application_id));
  connection.execute(fmt::format("PRAGMA user_version = {}", steps.size()));
  transaction.commit();
}

}  // namespace vaso::runs
