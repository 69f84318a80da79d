#include "proxy/access/store/sqlite_database.h"

#include <filesystem>
#include <sqlite3.h>
#include <system_error>
#include <utility>

namespace postern::proxy::access {

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  sqlite3_finalize(statement);
}

void Statement::bind(int place, std::string_view text) {
  // A null pointer would bind NULL. The texts outlive the statement's run.
  const char* data = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text64(statement_.get(), place, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::bind(int place, std::uint64_t number) {
  sqlite3_bind_int64(statement_.get(), place, static_cast<sqlite3_int64>(number));
}

Result<bool> Statement::step() {
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW || code == SQLITE_DONE) return code == SQLITE_ROW;
  kube::Status status = database_->error(code);
  reset();
  return fail(std::move(status));
}

Result<void> Statement::run() {
  for (;;) {
    Result<bool> row = step();
    if (!row) return fail(row.error());
    if (!*row) break;
  }
  reset();
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
}

std::string Statement::text(int column) const {
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string() : std::string(bytes, static_cast<std::size_t>(size));
}

std::uint64_t Statement::number(int column) const {
  return static_cast<std::uint64_t>(sqlite3_column_int64(statement_.get(), column));
}

namespace {

/// A path in an SQLite URI (https://www.sqlite.org/uri.html).
std::string uri_path(const std::string& path) {
  std::string text;
  for (const char c : path) {
    const bool special = c == '%' || c == '?' || c == '#';
    text += special ? (c == '%' ? "%25" : c == '?' ? "%3f" : "%23") : std::string(1, c);
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<Database>> Database::open(const std::string& path, const std::string& name,
                                                 int flags) {
  std::unique_ptr<Database> database(new Database(path));
  const int all = flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(name.c_str(), &database->handle_, all, nullptr);
  if (code != SQLITE_OK) return fail(database->error(code));
  sqlite3_busy_timeout(database->handle_, 0);
  return database;
}

Result<std::unique_ptr<Database>> Database::open(const std::string& path) {
  return open(path, path, SQLITE_OPEN_READWRITE);
}

Result<std::unique_ptr<Database>> Database::open_to_look(const std::string& path) {
  std::error_code error;
  const auto log_size = std::filesystem::file_size(path + "-wal", error);
  if (error || log_size == 0) {
    // As it lies there: neither locks nor a log are made.
    return open(path, "file:" + uri_path(path) + "?immutable=1",
                SQLITE_OPEN_READONLY | SQLITE_OPEN_URI);
  }
  auto database = open(path);
  if (!database) return database;
  if (Result<void> done = (*database)->forbid_changes(); !done) return fail(done.error());
  return database;
}

/// The log's index is kept in memory, and the log is left as it is at the end.
Result<void> Database::forbid_changes() const {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  if (auto done = execute("PRAGMA locking_mode = EXCLUSIVE"); !done) return done;
  return execute("PRAGMA query_only = ON");
}

Database::~Database() {
  sqlite3_close_v2(handle_);
}

Result<void> Database::execute(const std::string& sql) const {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(error(code));
  return {};
}

Result<Statement> Database::prepare(std::string_view sql) const {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail(error(code));
  return Statement(*this, statement);
}

Result<std::string> Database::ask(std::string_view sql) const {
  Result<Statement> statement = prepare(sql);
  if (!statement) return fail(statement.error());
  Result<bool> row = statement->step();
  if (!row) return fail(row.error());
  return *row ? statement->text(0) : std::string();
}

void Database::roll_back() const {
  if (sqlite3_get_autocommit(handle_) == 0) {
    sqlite3_exec(handle_, "ROLLBACK", nullptr, nullptr, nullptr);
  }
}

kube::Status Database::error(int code) const {
  const std::string detail = handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  if (code == SQLITE_IOERR_WRITE) {  // quotas and limits of file sizes come as this
    return kube::Status::unavailable(path_ + ": the disk takes no more (" + detail +
                                     "); nothing was written");
  }
  switch (code & 0xff) {
    case SQLITE_FULL:
      return kube::Status::unavailable(path_ + ": there is no room left; nothing was written");
    case SQLITE_CORRUPT:
      return kube::Status::internal(path_ + ": the database is damaged (" + detail +
                                    "); restore it from a backup, or move it away to begin with "
                                    "an empty one");
    case SQLITE_NOTADB:
      return kube::Status::internal(path_ + ": is not a database of postern's (" + detail + ")");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return kube::Status::unavailable(path_ + ": another process has the database open");
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return kube::Status::internal(path_ + ": cannot be opened for writing (" + detail + ")");
    case SQLITE_NOMEM:
      return kube::Status::unavailable(path_ + ": out of memory; nothing was written");
    default:
      return kube::Status::internal(path_ + ": the database failed (" + detail + ")");
  }
}

Result<Transaction> Transaction::begin(const Database& database) {
  if (Result<void> begun = database.execute("BEGIN IMMEDIATE"); !begun) return fail(begun.error());
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_ != nullptr) database_->roll_back();
}

Result<void> Transaction::commit() {
  if (Result<void> done = database_->execute("COMMIT"); !done) return done;
  database_ = nullptr;
  return {};
}

}  // namespace postern::proxy::access
