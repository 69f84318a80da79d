#include "proxy/access/store/sqlite_schema.h"

#include <array>
#include <string>
#include <string_view>

namespace postern::proxy::access {

namespace {

// "post": marks the file as ours (PRAGMA application_id).
constexpr std::string_view kApplicationId = "1886352244";

// What leads from each schema to the next one. A step is never changed once it was released.
constexpr std::array<const char*, kSqliteSchema> kSteps = {
    // 1: the objects, and the version of the whole store.
    R"(PRAGMA application_id = 1886352244;
       CREATE TABLE objects (
         kind TEXT NOT NULL,
         name TEXT NOT NULL,
         version INTEGER NOT NULL,
         data TEXT NOT NULL,
         UNIQUE (kind, name)
       ) STRICT;
       CREATE TABLE state (
         id INTEGER PRIMARY KEY CHECK (id = 1),
         version INTEGER NOT NULL
       ) STRICT;
       INSERT INTO state (id, version) VALUES (1, 0);)",
    // 2: what happened, so that watches go on over a restart. `forgotten`: the history is whole
    // behind this version. `type` is Change::Type; `bytes` the size that counts for the limit.
    R"(CREATE TABLE history (
         version INTEGER PRIMARY KEY,
         type INTEGER NOT NULL CHECK (type BETWEEN 0 AND 2),
         kind TEXT NOT NULL,
         name TEXT NOT NULL,
         data TEXT NOT NULL,
         bytes INTEGER NOT NULL
       ) STRICT;
       ALTER TABLE state ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
       UPDATE state SET forgotten = version;)",
};

Result<void> check_integrity(const Database& database) {
  const Result<std::string> said = database.ask("PRAGMA quick_check(1)");
  if (!said) return fail(said.error());
  if (*said == "ok") return {};
  return fail(kube::Status::internal(database.path() + ": the database is damaged (" + *said +
                                     "); restore it from a backup, or move it away to begin with "
                                     "an empty one"));
}

/// The file's schema; 0 for an empty file.
Result<std::uint64_t> found_schema(const Database& database) {
  const Result<std::string> version = database.ask("PRAGMA user_version");
  if (!version) return fail(version.error());
  const Result<std::string> application = database.ask("PRAGMA application_id");
  if (!application) return fail(application.error());
  const Result<std::string> tables = database.ask("SELECT count(*) FROM sqlite_schema");
  if (!tables) return fail(tables.error());
  if (*version == "0" && *application == "0" && *tables == "0") return 0;
  const bool ours = *application == kApplicationId && *version != "0" && version->front() != '-';
  if (!ours) {
    return fail(
        kube::Status::internal(database.path() + ": is a database, but not one of postern's"));
  }
  return std::stoull(*version);
}

}  // namespace

Result<std::uint64_t> check_schema(const Database& database) {
  Result<std::uint64_t> schema = found_schema(database);
  if (!schema) return fail(schema.error());
  if (*schema > kSqliteSchema) {
    return fail(kube::Status::internal(
        database.path() + ": was written by a newer postern (schema " + std::to_string(*schema) +
        "; this one knows those up to " + std::to_string(kSqliteSchema) + "); start that one"));
  }
  if (Result<void> whole = check_integrity(database); !whole) return fail(whole.error());
  return schema;
}

Result<void> prepare_schema(const Database& database) {
  Result<std::uint64_t> schema = check_schema(database);
  if (!schema) return fail(schema.error());
  if (*schema == kSqliteSchema) return {};

  Result<Transaction> transaction = Transaction::begin(database);
  if (!transaction) return fail(transaction.error());
  for (; *schema < kSqliteSchema; ++*schema) {
    if (Result<void> done = database.execute(kSteps[*schema]); !done) return done;
  }
  const std::string number = std::to_string(kSqliteSchema);
  if (Result<void> set = database.execute("PRAGMA user_version = " + number); !set) return set;
  return transaction->commit();
}

}  // namespace postern::proxy::access
