#pragma once

#include "kube/result.h"
#include "proxy/access/store/sqlite_database.h"

namespace postern::proxy::access {

/// The newest form of the tables (`PRAGMA user_version`); see sqlite_schema.cc.
inline constexpr std::uint64_t kSqliteSchema = 2;

/// Which form a file has; 0: it is empty. Errors as those of prepare_schema(), which begins with
/// this. Asks SQLite to check the whole file; changes nothing.
Result<std::uint64_t> check_schema(const Database& database);

/// Makes the tables in an empty file, or brings an older form up to kSqliteSchema, in one
/// transaction. Errors are sentences with the file: a database of something else, a newer schema, a
/// damaged file.
Result<void> prepare_schema(const Database& database);

}  // namespace postern::proxy::access
