#include "proxy/access/store/sqlite_store.h"

#include "proxy/access/store/lock_file.h"
#include "proxy/access/store/sqlite_database.h"
#include "proxy/access/store/sqlite_files.h"
#include "proxy/access/store/sqlite_progress.h"
#include "proxy/access/store/sqlite_schema.h"
#include "proxy/access/store/sqlite_statements.h"
#include "proxy/access/store/store_errors.h"
#include "proxy/access/store/wake_ups.h"

#include <mutex>
#include <utility>

namespace postern::proxy::access {

namespace {

/// Without an end, for LIMIT.
constexpr std::uint64_t kAll = INT64_MAX;

class SqliteStore final : public ObjectStore {
 public:
  SqliteStore(HistoryLimits limits, LockFile lock, std::unique_ptr<Database> database,
              SqliteStatements statements, SqliteProgress progress)
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
  using Remembered = SqliteProgress::Remembered;

  Result<std::optional<StoredObject>> find(std::string_view kind, std::string_view name) const;
  Result<std::vector<Version>> write_locked(const std::vector<Write>& writes);
  Result<Remembered> apply(const Write& write, Version version);
  Result<void> change_object(const Write& write, Version version);
  Result<void> remember(const Change& change, std::uint64_t bytes);
  Result<void> finish(const std::vector<Remembered>& added, Transaction& transaction);

  const HistoryLimits limits_;
  const LockFile lock_file_;  // before the database: released after it was closed
  mutable std::mutex mutex_;  // guards all below
  std::unique_ptr<Database> database_;
  mutable SqliteStatements statements_;
  SqliteProgress progress_;
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
  std::optional<StoredObject>& object = *found;
  if (!object) return fail(object_not_found(kind, name));
  return std::move(*object);
}

Result<Listing> SqliteStore::list(std::string_view kind, std::string_view after,
                                  std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  Listing listing;
  listing.version = progress_.version();
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
  std::vector<Remembered> added;
  Version version = progress_.version();
  for (const Write& write : writes) {
    Result<Remembered> applied = apply(write, ++version);
    if (!applied) return fail(applied.error());
    versions.push_back(version);
    added.push_back(*applied);
  }
  if (Result<void> done = finish(added, *transaction); !done) return fail(done.error());
  return versions;
}

Result<SqliteProgress::Remembered> SqliteStore::apply(const Write& write, Version version) {
  Result<std::optional<StoredObject>> found = find(write.kind, write.name);
  if (!found) return fail(found.error());
  std::optional<StoredObject>& before = *found;
  const auto version_before = before ? std::optional(before->version) : std::nullopt;
  if (Result<void> checked = check_precondition(write, version_before); !checked) {
    return fail(checked.error());
  }
  if (Result<void> changed = change_object(write, version); !changed) return fail(changed.error());

  Change change{before ? Change::Type::kModified : Change::Type::kAdded,
                {write.kind, write.name, version, write.data}};
  if (before && write.action == Write::Action::kRemove) {
    change.type = Change::Type::kRemoved;
    change.object.data = std::move(before->data);
  }
  const std::uint64_t bytes = write.kind.size() + write.name.size() + change.object.data.size();
  if (Result<void> kept = remember(change, bytes); !kept) return fail(kept.error());
  return Remembered{version, bytes};
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

Result<void> SqliteStore::finish(const std::vector<Remembered>& added, Transaction& transaction) {
  const Version forgotten = progress_.forgotten_with(added, limits_);
  if (forgotten != progress_.forgotten()) {
    statements_.forget.bind(1, forgotten);
    if (Result<void> done = statements_.forget.run(); !done) return done;
  }
  statements_.set_version.bind(1, added.back().version);
  statements_.set_version.bind(2, forgotten);
  if (Result<void> done = statements_.set_version.run(); !done) return done;
  if (Result<void> done = transaction.commit(); !done) return done;
  progress_.advance(added, forgotten);
  return {};
}

Result<Changes> SqliteStore::changes_since(Version version, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  if (version > progress_.version()) return fail(version_too_new(version, progress_.version()));
  if (version < progress_.forgotten()) return fail(version_too_old(version, progress_.version()));
  Changes changes;
  changes.version = progress_.version();
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
  return progress_.version();
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
  Result<SqliteStatements> statements = SqliteStatements::prepare(**database);
  if (!statements) return fail(statements.error());
  Result<SqliteProgress> progress = SqliteProgress::read(**database);
  if (!progress) return fail(progress.error());
  return std::make_unique<SqliteStore>(options.history, std::move(*lock), std::move(*database),
                                       std::move(*statements), std::move(*progress));
}

}  // namespace postern::proxy::access
