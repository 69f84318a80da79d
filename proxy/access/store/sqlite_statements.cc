#include "proxy/access/store/sqlite_statements.h"

#include <utility>
#include <vector>

namespace postern::proxy::access {

Result<SqliteStatements> SqliteStatements::prepare(const Database& database) {
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
  return SqliteStatements{std::move(all[0]), std::move(all[1]), std::move(all[2]),
                          std::move(all[3]), std::move(all[4]), std::move(all[5]),
                          std::move(all[6]), std::move(all[7]), std::move(all[8])};
}

}  // namespace postern::proxy::access
