#pragma once

#include "kube/result.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

/// SQLite's C interface with owners and Results. One thread at a time.
namespace postern::proxy::access {

/// A prepared statement, used again and again: bind, step until there is no row, reset.
class Statement {
 public:
  void bind(int place, std::string_view text);
  void bind(int place, std::uint64_t number);
  /// True: there is a row to read. Resets itself on an error.
  Result<bool> step();
  /// Steps to the end, for statements without rows, and resets.
  Result<void> run();
  void reset();

  std::string text(int column) const;
  std::uint64_t number(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  Statement(const class Database& database, sqlite3_stmt* statement)
      : database_(&database), statement_(statement) {}

  const Database* database_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

/// Resets a statement at the end of a scope, so that no read stays open.
class ResetAtEnd {
 public:
  explicit ResetAtEnd(Statement& statement) : statement_(statement) {}
  ~ResetAtEnd() { statement_.reset(); }
  ResetAtEnd(const ResetAtEnd&) = delete;
  ResetAtEnd& operator=(const ResetAtEnd&) = delete;

 private:
  Statement& statement_;
};

/// An open database file.
class Database {
 public:
  /// Opens a file that is there, for reading and writing. At a fixed place, because statements
  /// point to it.
  static Result<std::unique_ptr<Database>> open(const std::string& path);
  /// To look at a file that nobody writes to (LockFile): nothing is changed, and what a killed
  /// process left in the write-ahead log is read as if it were in the file.
  static Result<std::unique_ptr<Database>> open_to_look(const std::string& path);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<void> execute(const std::string& sql) const;
  Result<Statement> prepare(std::string_view sql) const;
  /// The first column of the first row; "" without one.
  Result<std::string> ask(std::string_view sql) const;
  /// Ends a transaction that did not succeed, if SQLite has not ended it itself.
  void roll_back() const;

  /// What a result code means for whoever runs postern, beginning with the file's name.
  kube::Status error(int code) const;
  const std::string& path() const { return path_; }

 private:
  explicit Database(std::string path) : path_(std::move(path)) {}
  static Result<std::unique_ptr<Database>> open(const std::string& path, const std::string& name,
                                                int flags);
  Result<void> forbid_changes() const;

  std::string path_;
  sqlite3* handle_ = nullptr;
};

/// A transaction that is rolled back unless it was committed.
class Transaction {
 public:
  static Result<Transaction> begin(const Database& database);
  ~Transaction();
  Transaction(Transaction&& other) noexcept;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  Transaction& operator=(Transaction&&) = delete;

  /// What was written survives the machine once this returns.
  Result<void> commit();

 private:
  explicit Transaction(const Database& database) : database_(&database) {}
  const Database* database_;
};

}  // namespace postern::proxy::access
