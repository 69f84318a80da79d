#pragma once

#include "proxy/access/store/object_store.h"

#include <cstdint>
#include <memory>
#include <string>

namespace postern::proxy::access {
/// Where the file is, and how large it may get.
struct SqliteStoreOptions {
  std::string path;  ///< `dataDir/postern.db`
  HistoryLimits history;
  /// The database may grow up to this; 503 afterwards. 0: as far as the disk goes.
  std::uint64_t max_bytes = 0;
};

/// Opens a store in one SQLite file, making it (mode 0600) and its directory (0700) where there is
/// none. Write-ahead log, synced before a write returns; the history is kept in the file too.
///
/// One process at a time: `PATH.lock` is locked for as long as the store lives, and so is the
/// database itself. Errors are sentences that begin with the file: 503 when another process has it
/// (with its process ID), 500 when the file or directory cannot be written, is no store of
/// postern's, is damaged, or was written by a newer version. A file of an older version is
/// converted in one transaction.
Result<std::unique_ptr<ObjectStore>> open_sqlite_store(const SqliteStoreOptions& options);

}  // namespace postern::proxy::access
