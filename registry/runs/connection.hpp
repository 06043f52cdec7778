// SQLite in C++: a connection, a statement, a transaction; every error a StoreError with the file and a cure.
#pragma once

#include "runs/store.hpp"

#include <sqlite3.h>
#include <chrono>
#include <optional>
#include <string_view>

namespace vaso::runs {

// How long a statement waits for another program's write.
inline constexpr std::chrono::seconds patience{30};

// Another program kept the database locked for longer than we wait.
class Busy : public StoreError {
 public:
  using StoreError::StoreError;
};

// The file, or one that SQLite needs beside it, cannot be opened or made.
class CannotOpen : public StoreError {
 public:
  using StoreError::StoreError;
};

class Statement {
 public:
  // `name` as in the SQL text, ":run". NaN is bound as NULL, for SQLite has no NaN; so is an empty optional.
  Statement& bind(const char* name, std::int64_t value);
  Statement& bind(const char* name, double value);
  Statement& bind(const char* name, std::string_view value);
  Statement& bind(const char* name, std::optional<std::int64_t> value);

  bool step();  // true: a row is there to be read
  void run();   // for a statement without rows; it can be bound and run again

  std::int64_t integer(int column) const;
  double real(int column) const;  // NULL reads as NaN
  std::string text(int column) const;

  // Columns of a row, and one of them as a parameter (counted from 1) of a statement of another connection: rows are
  // copied as they are.
  int columns() const { return sqlite3_column_count(statement_.get()); }
  Statement& bind(int parameter, const Statement& row, int column);

 private:
  friend class Connection;
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  int index_of(const char* name) const;
  void check(int code) const;

  std::unique_ptr<sqlite3_stmt, Finalizer> statement_;
};

class Connection {
 public:
  // `flags` of sqlite3_open_v2. `immutable`: the file cannot be written by anybody while we read, so SQLite needs no
  // lock and no shared memory beside it. Throws StoreError.
  Connection(const std::filesystem::path& file, int flags, bool immutable = false);

  Statement prepare(std::string_view sql);
  void execute(const std::string& sql);        // one or several statements without rows
  std::int64_t integer(std::string_view sql);  // the first column of the first row
  std::string text(std::string_view sql);

  std::int64_t last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  bool read_only() const { return sqlite3_db_readonly(handle_.get(), "main") == 1; }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  const std::filesystem::path& file() const { return file_; }
  bool is_in_memory() const;

  // The whole database in memory, as it is now; file() stays the same.
  Connection in_memory();

  // Copies the whole database into `target`, by way of a file beside it, so that `target` is never half a copy.
  void back_up(const std::filesystem::path& target);

 private:
  struct Closer {
    void operator()(sqlite3* handle) const;
  };
  void copy_into(const Connection& target) const;
  std::filesystem::path file_;
  std::unique_ptr<sqlite3, Closer> handle_;
};

// BEGIN IMMEDIATE: takes the write lock before the first read. A transaction that reads first and then wants to write
// fails at once under WAL, whatever the busy timeout, when another program wrote in between.
class Transaction {
 public:
  explicit Transaction(Connection& connection);
  Transaction(const Transaction&) = delete;
  ~Transaction();  // rolls back what was not committed
  void commit();

 private:
  Connection& connection_;
};

}  // namespace vaso::runs
