#pragma once

#include "proxy/access/store/object_store.h"
#include "proxy/access/store/sqlite_database.h"

#include <deque>
#include <vector>

namespace postern::proxy::access {

/// How far a database has come, known without asking it: its version, and the sizes of the changes
/// that it remembers. A value; changed only after a transaction was committed.
class SqliteProgress {
 public:
  struct Remembered {
    Version version;
    std::uint64_t bytes;
  };

  static Result<SqliteProgress> read(const Database& database);

  Version version() const { return version_; }
  /// The history is whole behind this version.
  Version forgotten() const { return forgotten_; }
  /// What forgotten() has to become, to stay within the limits when these are added.
  Version forgotten_with(const std::vector<Remembered>& added, const HistoryLimits& limits) const;
  /// A transaction with these changes, at least one, was committed.
  void advance(const std::vector<Remembered>& added, Version forgotten);

 private:
  Version version_ = 0;
  Version forgotten_ = 0;
  std::deque<Remembered> history_;  ///< oldest first
  std::uint64_t bytes_ = 0;
};

}  // namespace postern::proxy::access
