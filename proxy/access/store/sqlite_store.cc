#include "proxy/access/store/sqlite_store.h"

#include "proxy/access/store/lock_file.h"
#include "proxy/access/store/sqlite_database.h"
#include "proxy/access/store/sqlite_files.h"
#include "proxy/access/store/sqlite_schema.h"
#include "proxy/access/store/store_errors.h"
#include "proxy/access/store/wake_ups.h"

#include <deque>
#include <mutex>
#include <utility>

namespace postern::proxy::access {

namespace {

/// Without an end, for LIMIT.
constexpr std::uint64_t kAll = INT64_MAX;

/// Every statement that the store runs, prepared once.
struct Statements {
  Statement get, list, create, update, remove, set_version, remember, forget, changes;

  static Result<Statements> prepare(const Database& database);
};

Result<Statements> Statements::prepare(const Database& database) {
  std::vector<Statement> all;
  for (const std::string_view sql : {
           "SELECT version, data FROM objects WHERE kind = ?1 AND name = ?2",
           "SELECT name, version, data FROM objects WHERE kind = ?1 AND name > ?2"
           " ORDER BY name LIMIT ?3",
           "INSERT INTO objects (kind, name, version, data) VALUES (?1, ?2, ?3, ?4)",
           "UPDATE objects SET version = ?3, data = ?4 WHERE kind = ?1 AND name = ?2",
           "DELETE FROM objects WHERE kind = ?1 AND name = ?2",
           "UPDATE state SET version = ?1, forgotten = ?2",
           "INSERT INTO history (version, type, kind, name, data, bytes)"
           " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
           "DELETE FROM history WHERE version <= ?1",
           "SELECT version, type, kind, name, data FROM history WHERE version > ?1"
           " ORDER BY version LIMIT ?2",
       }) {
    Result<Statement> statement = database.prepare(sql);
    if (!statement) return fail(statement.error());
    all.push_back(std::move(*statement));
  }
  return Statements{std::move(all[0]), std::move(all[1]), std::move(all[2]),
                    std::move(all[3]), std::move(all[4]), std::move(all[5]),
                    std::move(all[6]), std::move(all[7]), std::move(all[8])};
}

/// What is known of the file without asking it; taken over when a transaction was committed.
struct Progress {
  struct Remembered {
    Version version;
    std::uint64_t bytes;
  };
  Version version = 0;
  Version forgotten = 0;
  std::deque<Remembered> history;  ///< oldest first
  std::uint64_t history_bytes = 0;
};

class SqliteStore final : public ObjectStore {
 public:
  SqliteStore(HistoryLimits limits, LockFile lock, std::unique_ptr<Database> database,
              Statements statements, Progress progress)
      : limits_(limits),
        lock_file_(std::move(lock)),
        database_(std::move(database)),
        statements_(std::move(statements)),
        progress_(std::move(progress)) {}

  Result<StoredObject> get(std::string_view kind, std::string_view name) const override;
  Result<Listing> list(std::string_view kind, std::string_view after,
                       std::size_t limit) const override;
  Result<std::vector<Version>> write(const std::vector<Write>& writes) override;
  Result<Changes> changes_since(Version version, std::size_t limit) const override;
  Version version() const override;
  Subscription subscribe(std::function<void()> wake) override {
    return wake_ups_.add(std::move(wake));
  }

 private:
  /// What a transaction adds to the history.
  using Added = std::vector<Progress::Remembered>;

  Result<std::optional<StoredObject>> find(std::string_view kind, std::string_view name) const;
  Result<std::vector<Version>> write_locked(const std::vector<Write>& writes);
  Result<Progress::Remembered> apply(const Write& write, Version version);
  Result<void> change_object(const Write& write, Version version);
  Result<void> remember(const Change& change, std::uint64_t bytes);
  std::size_t count_to_forget(const Added& added) const;
  Result<void> finish(const Added& added, Transaction& transaction);

  const HistoryLimits limits_;
  const LockFile lock_file_;  // before the database: released after it was closed
  mutable std::mutex mutex_;  // guards all below
  std::unique_ptr<Database> database_;
  mutable Statements statements_;
  Progress progress_;
  WakeUps wake_ups_;  // with a lock of its own
};

Result<std::optional<StoredObject>> SqliteStore::find(std::string_view kind,
                                                      std::string_view name) const {
  Statement& get = statements_.get;
  const ResetAtEnd end(get);
  get.bind(1, kind);
  get.bind(2, name);
  const Result<bool> row = get.step();
  if (!row) return fail(row.error());
  if (!*row) return std::nullopt;
  return StoredObject{std::string(kind), std::string(name), get.number(0), get.text(1)};
}

Result<StoredObject> SqliteStore::get(std::string_view kind, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  Result<std::optional<StoredObject>> found = find(kind, name);
  if (!found) return fail(found.error());
  if (!*found) return fail(object_not_found(kind, name));
  return std::move(**found);
}

Result<Listing> SqliteStore::list(std::string_view kind, std::string_view after,
                                  std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  Listing listing;
  listing.version = progress_.version;
  Statement& list = statements_.list;
  const ResetAtEnd end(list);
  list.bind(1, kind);
  list.bind(2, after);
  list.bind(3, limit == 0 ? kAll : limit + 1);
  for (;;) {
    const Result<bool> row = list.step();
    if (!row) return fail(row.error());
    if (!*row) return listing;
    if (limit != 0 && listing.objects.size() == limit) {
      listing.more = true;
      return listing;
    }
    listing.objects.push_back({std::string(kind), list.text(0), list.number(1), list.text(2)});
  }
}

Result<std::vector<Version>> SqliteStore::write(const std::vector<Write>& writes) {
  if (Result<void> checked = check_writes(writes); !checked) return fail(checked.error());
  if (writes.empty()) return {};
  Result<std::vector<Version>> versions = [&] {
    const std::lock_guard lock(mutex_);
    return write_locked(writes);
  }();
  if (versions) wake_ups_.wake();
  return versions;
}

Result<std::vector<Version>> SqliteStore::write_locked(const std::vector<Write>& writes) {
  Result<Transaction> transaction = Transaction::begin(*database_);
  if (!transaction) return fail(transaction.error());
  std::vector<Version> versions;
  Added added;
  Version version = progress_.version;
  for (const Write& write : writes) {
    Result<Progress::Remembered> applied = apply(write, ++version);
    if (!applied) return fail(applied.error());
    versions.push_back(version);
    added.push_back(*applied);
  }
  if (Result<void> done = finish(added, *transaction); !done) return fail(done.error());
  return versions;
}

Result<Progress::Remembered> SqliteStore::apply(const Write& write, Version version) {
  Result<std::optional<StoredObject>> found = find(write.kind, write.name);
  if (!found) return fail(found.error());
  const auto before = *found ? std::optional((*found)->version) : std::nullopt;
  if (Result<void> checked = check_precondition(write, before); !checked) {
    return fail(checked.error());
  }
  if (Result<void> changed = change_object(write, version); !changed) return fail(changed.error());

  const bool removed = write.action == Write::Action::kRemove;
  const Change change{
      removed  ? Change::Type::kRemoved
      : before ? Change::Type::kModified
               : Change::Type::kAdded,
      {write.kind, write.name, version, removed ? std::move((*found)->data) : write.data}};
  const std::uint64_t bytes = write.kind.size() + write.name.size() + change.object.data.size();
  if (Result<void> kept = remember(change, bytes); !kept) return fail(kept.error());
  return Progress::Remembered{version, bytes};
}

Result<void> SqliteStore::change_object(const Write& write, Version version) {
  const bool removed = write.action == Write::Action::kRemove;
  const bool created = write.action == Write::Action::kCreate;
  Statement& statement = removed   ? statements_.remove
                         : created ? statements_.create
                                   : statements_.update;
  statement.bind(1, write.kind);
  statement.bind(2, write.name);
  if (!removed) {
    statement.bind(3, version);
    statement.bind(4, write.data);
  }
  return statement.run();
}

Result<void> SqliteStore::remember(const Change& change, std::uint64_t bytes) {
  Statement& statement = statements_.remember;
  statement.bind(1, change.object.version);
  statement.bind(2, static_cast<std::uint64_t>(change.type));
  statement.bind(3, change.object.kind);
  statement.bind(4, change.object.name);
  statement.bind(5, change.object.data);
  statement.bind(6, bytes);
  return statement.run();
}

/// How many of the oldest changes, those of this transaction included, are too many.
std::size_t SqliteStore::count_to_forget(const Added& added) const {
  std::size_t left = progress_.history.size() + added.size();
  std::uint64_t bytes = progress_.history_bytes;
  for (const Progress::Remembered& each : added) {
    bytes += each.bytes;
  }
  std::size_t gone = 0;
  for (; left > limits_.changes || bytes > limits_.bytes; --left, ++gone) {
    const std::size_t old = progress_.history.size();
    bytes -= gone < old ? progress_.history[gone].bytes : added[gone - old].bytes;
  }
  return gone;
}

Result<void> SqliteStore::finish(const Added& added, Transaction& transaction) {
  const std::size_t gone = count_to_forget(added);
  const std::size_t old = progress_.history.size();
  Version forgotten = progress_.forgotten;
  if (gone != 0) {
    forgotten = gone <= old ? progress_.history[gone - 1].version : added[gone - old - 1].version;
    statements_.forget.bind(1, forgotten);
    if (Result<void> done = statements_.forget.run(); !done) return done;
  }
  statements_.set_version.bind(1, added.back().version);
  statements_.set_version.bind(2, forgotten);
  if (Result<void> done = statements_.set_version.run(); !done) return done;
  if (Result<void> done = transaction.commit(); !done) return done;

  for (const Progress::Remembered& each : added) {
    progress_.history.push_back(each);
    progress_.history_bytes += each.bytes;
  }
  for (std::size_t i = 0; i < gone; ++i) {
    progress_.history_bytes -= progress_.history.front().bytes;
    progress_.history.pop_front();
  }
  progress_.version = added.back().version;
  progress_.forgotten = forgotten;
  return {};
}

Result<Changes> SqliteStore::changes_since(Version version, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  if (version > progress_.version) return fail(version_too_new(version, progress_.version));
  if (version < progress_.forgotten) return fail(version_too_old(version, progress_.version));
  Changes changes;
  changes.version = progress_.version;
  Statement& each = statements_.changes;
  const ResetAtEnd end(each);
  each.bind(1, version);
  each.bind(2, limit == 0 ? kAll : limit + 1);
  for (;;) {
    const Result<bool> row = each.step();
    if (!row) return fail(row.error());
    if (!*row) return changes;
    if (limit != 0 && changes.changes.size() == limit) {
      changes.more = true;
      changes.version = changes.changes.back().object.version;
      return changes;
    }
    changes.changes.push_back({static_cast<Change::Type>(each.number(1)),
                               {each.text(2), each.text(3), each.number(0), each.text(4)}});
  }
}

Version SqliteStore::version() const {
  const std::lock_guard lock(mutex_);
  return progress_.version;
}

Result<Progress> read_progress(const Database& database) {
  Progress progress;
  Result<Statement> state = database.prepare("SELECT version, forgotten FROM state");
  if (!state) return fail(state.error());
  Result<bool> row = state->step();
  if (!row) return fail(row.error());
  if (!*row) {
    return fail(kube::Status::internal(database.path() + ": the database has lost its version; "
                                                         "restore it from a backup"));
  }
  progress.version = state->number(0);
  progress.forgotten = state->number(1);
  Result<Statement> history =
      database.prepare("SELECT version, bytes FROM history ORDER BY version");
  if (!history) return fail(history.error());
  for (;;) {
    row = history->step();
    if (!row) return fail(row.error());
    if (!*row) return progress;
    progress.history.push_back({history->number(0), history->number(1)});
    progress.history_bytes += history->number(1);
  }
}

/// Settings of this connection. Exclusive locking before the log: it then needs no shared memory.
Result<void> configure(const Database& database, std::uint64_t max_bytes) {
  for (const char* sql : {"PRAGMA locking_mode = EXCLUSIVE", "PRAGMA trusted_schema = OFF",
                          "PRAGMA cell_size_check = ON", "PRAGMA journal_size_limit = 16777216"}) {
    if (Result<void> done = database.execute(sql); !done) return done;
  }
  const Result<std::string> mode = database.ask("PRAGMA journal_mode = WAL");
  if (!mode) return fail(mode.error());
  if (*mode != "wal") {
    return fail(kube::Status::internal(database.path() + ": cannot keep a write-ahead log here"));
  }
  if (Result<void> set = database.execute("PRAGMA synchronous = FULL"); !set) return set;
  if (max_bytes == 0) return {};
  const Result<std::string> page = database.ask("PRAGMA page_size");
  if (!page) return fail(page.error());
  const std::uint64_t pages = max_bytes / std::stoull(*page);
  return database.execute("PRAGMA max_page_count = " + std::to_string(pages));
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_sqlite_store(const SqliteStoreOptions& options) {
  if (Result<void> made = make_parent_folder(options.path); !made) return fail(made.error());
  Result<LockFile> lock = LockFile::take(options.path);
  if (!lock) return fail(lock.error());
  if (Result<void> made = make_private_file(options.path); !made) return fail(made.error());
  Result<std::unique_ptr<Database>> database = Database::open(options.path);
  if (!database) return fail(database.error());
  if (Result<void> done = configure(**database, options.max_bytes); !done) {
    return fail(done.error());
  }
  if (Result<void> done = prepare_schema(**database); !done) return fail(done.error());
  Result<Statements> statements = Statements::prepare(**database);
  if (!statements) return fail(statements.error());
  Result<Progress> progress = read_progress(**database);
  if (!progress) return fail(progress.error());
  return std::make_unique<SqliteStore>(options.history, std::move(*lock), std::move(*database),
                                       std::move(*statements), std::move(*progress));
}

}  // namespace postern::proxy::access
