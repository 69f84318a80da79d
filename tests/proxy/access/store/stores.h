#pragma once

#include "proxy/access/store/memory_store.h"
#include "proxy/access/store/sqlite_store.h"
#include "tests/proxy/temporary_directory.h"

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

namespace postern::proxy::access::testing {

using proxy::testing::TemporaryDirectory;

inline std::unique_ptr<ObjectStore> opened(const SqliteStoreOptions& options) {
  auto store = open_sqlite_store(options);
  if (!store) throw std::runtime_error(store.error().message);
  return std::move(*store);
}

/// The stores that the contract is tried on: `Store(limits)` gives a new, empty one.
struct Memory {
  explicit Memory(HistoryLimits limits = {}) : store(make_memory_store({limits, 0})) {}
  std::unique_ptr<ObjectStore> store;
};

struct Sqlite {
  explicit Sqlite(HistoryLimits limits = {})
      : store(opened({directory.file("postern.db"), limits, 0})) {}
  TemporaryDirectory directory;
  std::unique_ptr<ObjectStore> store;
};

/// "added role/a@1=text", …
inline std::string told(const Change& change) {
  static const char* const kNames[] = {"added ", "modified ", "removed "};
  const StoredObject& object = change.object;
  return kNames[static_cast<int>(change.type)] + object.kind + "/" + object.name + "@" +
         std::to_string(object.version) + "=" + object.data;
}

inline std::vector<std::string> told(const std::vector<Change>& changes) {
  std::vector<std::string> all;
  for (const Change& change : changes) {
    all.push_back(told(change));
  }
  return all;
}

inline std::vector<std::string> names_of(const Listing& listing) {
  std::vector<std::string> names;
  for (const StoredObject& object : listing.objects) {
    names.push_back(object.name);
  }
  return names;
}

}  // namespace postern::proxy::access::testing
