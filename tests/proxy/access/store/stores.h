#pragma once

#include "proxy/access/store/memory_store.h"
#include "proxy/access/store/sqlite_store.h"
#include "tests/proxy/access/store/store_words.h"
#include "tests/proxy/temporary_directory.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#define STORES Memory, Sqlite

namespace postern::proxy::access::testing {

using proxy::testing::TemporaryDirectory;

inline std::unique_ptr<ObjectStore> opened(const SqliteStoreOptions& options) {
  auto store = open_sqlite_store(options);
  if (!store) throw std::runtime_error(store.error().message);
  return std::move(*store);
}

/// The stores that the contract is tried on: `Store(limits)` gives a new, empty one.
struct Memory {
  static constexpr std::size_t kLargest = kMaxDataBytes;
  static constexpr bool kFast = true;
  explicit Memory(HistoryLimits limits = {}) : store(make_memory_store({limits, 0})) {}
  std::unique_ptr<ObjectStore> store;
};

struct Sqlite {
  static constexpr std::size_t kLargest = kMaxDataBytes;
  static constexpr bool kFast = true;
  explicit Sqlite(HistoryLimits limits = {})
      : store(opened({directory.file("postern.db"), limits, 0})) {}
  TemporaryDirectory directory;
  std::unique_ptr<ObjectStore> store;
};

}  // namespace postern::proxy::access::testing
