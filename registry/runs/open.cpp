#include "runs/open.hpp"

#include "runs/file_system.hpp"
#include "runs/migrations.hpp"

#include <fmt/format.h>
#include <thread>

namespace vaso::runs {
namespace {

namespace fs = std::filesystem;

std::int64_t known_version() { return static_cast<std::int64_t>(migrations().size()); }

void refuse_folder(const fs::path& file) {
  std::error_code ignored;
  if (fs::is_directory(file, ignored)) {
    throw StoreError(fmt::format("{} is a folder, not a run database. Name a file in it, such as {}.", file.string(),
                                 (file / "runs.sqlite").string()));
  }
}

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw StoreError(
        fmt::format("cannot make the folder {} for the run database: {}. Name another place, or ask for "
                    "the right to write there.",
                    folder.string(), error.message()));
  }
}

// Ours, or nobody's yet.
Identity identify_ours(Connection& connection) {
  const Identity identity = identify(connection);
  const bool fresh = identity.application == 0 && identity.version == 0 && identity.tables == 0;
  if (!fresh && identity.application != application_id) {
    throw StoreError(
        fmt::format("{} is an SQLite database of another program (application id {:#010x}, a run database "
                    "has {:#010x}); it was not touched. Name another file.",
                    connection.file().string(), identity.application, application_id));
  }
  return identity;
}

std::string newer_version(const fs::path& file, std::int64_t version) {
  return fmt::format(
      "{} was written by a newer VasoLab: it has database version {}, this VasoLab knows version {}. It can "
      "be read, not written. Use the newer VasoLab, or name another file for new runs.",
      file.string(), version, known_version());
}

// A database in WAL mode wants its shared memory file beside it, which cannot be made in a folder that we may only read
// (a colleague's runs, a snapshot). If there is no log either, all is in the main file: read that as it stands.
Connection connect_to_read(const fs::path& file) {
  try {
    // Writable below, where we may: else SQLite could neither undo what a killed program left half written, nor tidy
    // its log away on closing.
    Connection connection(file, SQLITE_OPEN_READWRITE);
    connection.execute("PRAGMA query_only = ON");
    connection.integer("PRAGMA user_version");
    return connection;
  } catch (const CannotOpen&) {
    std::error_code absent;
    const auto logged = fs::file_size(file.string() + "-wal", absent);
    if (!absent && logged > 0) throw;
    Connection connection(file, SQLITE_OPEN_READONLY, true);
    connection.integer("PRAGMA user_version");
    return connection;
  }
}

Opened open_to_read(const fs::path& file) {
  std::error_code error;
  if (!fs::exists(file, error)) {
    throw StoreError(fmt::format("there is no run database {}{}. Start a run, which makes one, or name another file.",
                                 file.string(), error ? fmt::format(" ({})", error.message()) : ""));
  }
  Connection connection = connect_to_read(file);
  const Identity identity = identify_ours(connection);
  if (identity.version == 0) {
    throw StoreError(
        fmt::format("{} is empty: no run has been recorded in it. Start a run, or name another file.", file.string()));
  }
  if (identity.version < known_version()) {
    // The file stays as it is; what is read has today's tables.
    connection = connection.in_memory();
    migrate(connection, migrations());
    connection.execute("PRAGMA query_only = ON");
  }
  std::string why = identity.version > known_version() ? newer_version(file, identity.version)
                                                       : fmt::format("{} was opened for reading only.", file.string());
  return {std::move(connection), std::move(why)};
}

}  // namespace

std::string choose_journal(Connection& connection, bool local) {
  // SQLite does not wait for other programs when the mode changes, so we do.
  const auto switch_to = [&](const std::string& mode) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (true) {
      try {
        return connection.text("PRAGMA journal_mode = " + mode);
      } catch (const Busy&) {
        if (std::chrono::steady_clock::now() > deadline) throw;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    }
  };
  std::string mode = connection.text("PRAGMA journal_mode");
  if (local && mode != "wal") mode = switch_to("WAL");
  // Also where a disk that looked local turned out to have no shared memory.
  if (!local || mode != "wal") mode = switch_to("TRUNCATE");
  if (mode != "truncate" && !(local && mode == "wal")) {
    throw StoreError(
        fmt::format("{} is on a network disk and stays in journal mode `{}`, which can damage it there. Close "
                    "the programs that have it open and try again, or keep it on a local disk.",
                    connection.file().string(), mode));
  }
  connection.execute("PRAGMA synchronous = FULL");
  return mode;
}

Opened open_database(const fs::path& file, Store::Mode mode) {
  refuse_folder(file);
  if (mode == Store::Mode::read_only) return open_to_read(file);

  const fs::path folder = fs::absolute(file).parent_path();
  make_folder(folder);
  Connection connection(file, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  // SQLite opens a file that may not be written for reading, without a word.
  if (connection.read_only()) {
    Opened opened = open_to_read(file);
    opened.why_read_only = fmt::format(
        "you may not write the run database {}. Ask its owner for the right to, or name "
        "another file for new runs.",
        file.string());
    return opened;
  }
  const Identity identity = identify_ours(connection);
  if (identity.version > known_version()) return open_to_read(file);
  choose_journal(connection, on_local_disk(folder));
  if (identity.version < known_version()) migrate(connection, migrations());
  return {std::move(connection), ""};
}

}  // namespace vaso::runs
