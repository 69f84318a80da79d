#include "proxy/access/store/sqlite_check.h"

#include "proxy/access/store/lock_file.h"
#include "proxy/access/store/sqlite_database.h"
#include "proxy/access/store/sqlite_progress.h"
#include "proxy/access/store/sqlite_schema.h"

#include <filesystem>
#include <system_error>

namespace postern::proxy::access {

Result<void> check_sqlite_store(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return {};  // check_places.h tells of it
  const auto lock = LockFile::look(path);
  if (!lock) return fail(lock.error());
  const auto database = Database::open_to_look(path);
  if (!database) return fail(database.error());
  const auto schema = check_schema(**database);
  if (!schema) return fail(schema.error());
  if (*schema != kSqliteSchema) return {};  // made, or brought up to date, by a start
  if (const auto progress = SqliteProgress::read(**database); !progress) {
    return fail(progress.error());
  }
  return {};
}

}  // namespace postern::proxy::access
