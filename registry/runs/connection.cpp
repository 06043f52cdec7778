#include "runs/connection.hpp"

#include <fmt/format.h>
#include <cmath>
#include <cstring>
#include <limits>
#include <thread>

namespace vaso::runs {
namespace {

std::string system_reason(sqlite3* handle) {
  const int reason = handle == nullptr ? 0 : sqlite3_system_errno(handle);
  return reason == 0 ? "" : fmt::format(" ({})", std::strerror(reason));
}

// What happened to `file` and what to do about it.
std::string explain(int code, const std::string& file, const std::string& detail, const std::string& reason) {
  switch (code & 0xff) {
    case SQLITE_NOTADB:
      return fmt::format(
          "{} is not a run database: it is no SQLite file, or its beginning is damaged. "
          "Name another file, or move this one away and a new one is made.",
          file);
    case SQLITE_CORRUPT:
      return fmt::format(
          "{} is damaged ({}). Restore a copy of it, or rescue what is readable with "
          "`sqlite3 '{}' .recover | sqlite3 rescued.sqlite`.",
          file, detail, file);
    case SQLITE_FULL:
      return fmt::format(
          "the disk that holds {} is full. Nothing of this write was kept and nothing older was lost: "
          "free some space and try again.",
          file);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fmt::format(
          "another program has kept {} locked for {} s. Let it finish or stop it "
          "(`fuser '{}'` says which), then try again.",
          file, patience.count(), file);
    case SQLITE_CANTOPEN:
      return fmt::format(
          "cannot open the run database {}{}. Check that the path is right and that you may read and "
          "write its folder.",
          file, reason);
    case SQLITE_PERM:
    case SQLITE_READONLY:
      return fmt::format(
          "you may not write the run database {}{}. Ask its owner for the right to write it and its "
          "folder, or name another file.",
          file, reason);
    case SQLITE_IOERR:
      return fmt::format(
          "reading or writing the run database {} failed{}. Check the disk and the connection to it, "
          "then try again.",
          file, reason);
    default:
      return fmt::format(
          "the run database {} did not accept a statement: {}. If another program has changed its "
          "tables, restore a copy.",
          file, detail);
  }
}

void require_ok(sqlite3* handle, int code, const std::string& file) {
  if (code == SQLITE_OK || code == SQLITE_ROW || code == SQLITE_DONE) return;
  const std::string message = explain(code, file, sqlite3_errmsg(handle), system_reason(handle));
  if ((code & 0xff) == SQLITE_BUSY) throw Busy(message);
  // The other forms of SQLITE_READONLY mean that there is something to undo first.
  if ((code & 0xff) == SQLITE_CANTOPEN || code == SQLITE_READONLY_DIRECTORY || code == SQLITE_READONLY_CANTINIT) {
    throw CannotOpen(message);
  }
  throw StoreError(message);
}

// https://www.sqlite.org/uri.html: "?", "#" and "%" have a meaning in a URI.
std::string immutable_uri(const std::filesystem::path& file) {
  std::string uri = "file:";
  for (const unsigned char c : std::filesystem::absolute(file).string()) {
    if (c == '?' || c == '#' || c == '%')
      uri += fmt::format("%{:02X}", c);
    else
      uri += static_cast<char>(c);
  }
  return uri + "?immutable=1";
}

}  // namespace

int Statement::index_of(const char* name) const {
  const int index = sqlite3_bind_parameter_index(statement_.get(), name);
  if (index == 0) throw std::logic_error(fmt::format("no parameter {} in: {}", name, sqlite3_sql(statement_.get())));
  return index;
}

void Statement::check(int code) const {
  sqlite3* const handle = sqlite3_db_handle(statement_.get());
  const char* const file = sqlite3_db_filename(handle, "main");
  require_ok(handle, code, file == nullptr ? "" : file);
}

Statement& Statement::bind(const char* name, std::int64_t value) {
  check(sqlite3_bind_int64(statement_.get(), index_of(name), value));
  return *this;
}

Statement& Statement::bind(const char* name, double value) {
  const int index = index_of(name);
  check(std::isnan(value) ? sqlite3_bind_null(statement_.get(), index)
                          : sqlite3_bind_double(statement_.get(), index, value));
  return *this;
}

Statement& Statement::bind(const char* name, std::string_view value) {
  // A view without data would bind NULL instead of the empty text.
  const char* const data = value.data() == nullptr ? "" : value.data();
  check(sqlite3_bind_text64(statement_.get(), index_of(name), data, value.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(const char* name, std::optional<std::int64_t> value) {
  if (value) return bind(name, *value);
  check(sqlite3_bind_null(statement_.get(), index_of(name)));
  return *this;
}

Statement& Statement::bind(int parameter, const Statement& row, int column) {
  check(sqlite3_bind_value(statement_.get(), parameter, sqlite3_column_value(row.statement_.get(), column)));
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(statement_.get());
  check(code);
  return code == SQLITE_ROW;
}

void Statement::run() {
  step();
  check(sqlite3_reset(statement_.get()));
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

double Statement::real(int column) const {
  if (sqlite3_column_type(statement_.get(), column) == SQLITE_NULL) return std::numeric_limits<double>::quiet_NaN();
  return sqlite3_column_double(statement_.get(), column);
}

std::string Statement::text(int column) const {
  const auto* const data = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  return data == nullptr ? ""
                         : std::string(data, static_cast<std::size_t>(sqlite3_column_bytes(statement_.get(), column)));
}

void Connection::Closer::operator()(sqlite3* handle) const {
  // The last connection to close empties the write-ahead log by itself. Where a reader stays, this moves what we wrote
  // into the main file, so that a copy of that file alone is not missing it.
  if (sqlite3_total_changes(handle) > 0) {
    sqlite3_wal_checkpoint_v2(handle, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  }
  sqlite3_close(handle);
}

Connection::Connection(const std::filesystem::path& file, int flags, bool immutable) : file_(file) {
  sqlite3* handle = nullptr;
  const std::string name = immutable ? immutable_uri(file) : std::filesystem::absolute(file).string();
  const int code =
      sqlite3_open_v2(name.c_str(), &handle, flags | SQLITE_OPEN_NOMUTEX | (immutable ? SQLITE_OPEN_URI : 0), nullptr);
  handle_.reset(handle);
  if (handle == nullptr) throw std::bad_alloc();
  require_ok(handle, code, file.string());
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, static_cast<int>(std::chrono::milliseconds(patience).count()));
  execute("PRAGMA foreign_keys = ON");
}

Statement Connection::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  require_ok(handle_.get(),
             sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &statement, nullptr),
             file_.string());
  return Statement(statement);
}

void Connection::execute(const std::string& sql) {
  require_ok(handle_.get(), sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr), file_.string());
}

std::int64_t Connection::integer(std::string_view sql) {
  Statement statement = prepare(sql);
  return statement.step() ? statement.integer(0) : 0;
}

std::string Connection::text(std::string_view sql) {
  Statement statement = prepare(sql);
  return statement.step() ? statement.text(0) : "";
}

void Connection::copy_into(const Connection& target) const {
  sqlite3_backup* const backup = sqlite3_backup_init(target.handle_.get(), "main", handle_.get(), "main");
  if (backup != nullptr) {
    // In one step: the copy is of one moment, whatever others write meanwhile.
    int code = sqlite3_backup_step(backup, -1);
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while ((code == SQLITE_BUSY || code == SQLITE_LOCKED) && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
      code = sqlite3_backup_step(backup, -1);
    }
    sqlite3_backup_finish(backup);
  }
  require_ok(target.handle_.get(), sqlite3_extended_errcode(target.handle_.get()), target.file_.string());
}

bool Connection::is_in_memory() const {
  const char* const name = sqlite3_db_filename(handle_.get(), "main");
  return name == nullptr || *name == '\0';
}

Connection Connection::in_memory() {
  Connection copy(":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY);
  copy.file_ = file_;
  copy_into(copy);
  return copy;
}

void Connection::back_up(const std::filesystem::path& target) {
  const std::filesystem::path partial = target.string() + ".partial";
  std::filesystem::remove(partial);
  try {
    // A connection of its own: ours may be inside a transaction.
    const Connection source(file_, SQLITE_OPEN_READONLY);
    source.copy_into(Connection(partial, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  } catch (const StoreError&) {
    std::error_code ignored;
    std::filesystem::remove(partial, ignored);
    throw;
  }
  std::filesystem::rename(partial, target);
}

Transaction::Transaction(Connection& connection) : connection_(connection) { connection_.execute("BEGIN IMMEDIATE"); }

void Transaction::commit() { connection_.execute("COMMIT"); }

Transaction::~Transaction() {
  if (!connection_.in_transaction()) return;  // committed, or rolled back by SQLite itself on a full disk
  try {
    connection_.execute("ROLLBACK");
  } catch (const StoreError&) {
    // The error that brought us here says more; closing the connection rolls back as well.
  }
}

}  // namespace vaso::runs
