#pragma once

#include "proxy/access/store/sqlite_database.h"

namespace postern::proxy::access {

/// Every statement that a store runs, prepared once. They must go before their database.
struct SqliteStatements {
  Statement get;          ///< kind, name → version, data
  Statement list;         ///< kind, after, limit → name, version, data
  Statement create;       ///< kind, name, version, data
  Statement update;       ///< kind, name, version, data
  Statement remove;       ///< kind, name
  Statement set_version;  ///< version, forgotten
  Statement remember;     ///< version, type, kind, name, data, bytes
  Statement forget;       ///< up to this version
  Statement changes;      ///< after, limit → version, type, kind, name, data

  static Result<SqliteStatements> prepare(const Database& database);
};

}  // namespace postern::proxy::access
