#pragma once

#include "proxy/access/store/object_store.h"

#include <memory>

namespace postern::proxy::access {

/// A store that is gone with its process (`storage: {type: memory}`).
struct MemoryStoreOptions {
  HistoryLimits history;
  /// Versions begin behind this one. Given the time of the start in microseconds, a version that a
  /// client kept from an earlier life is 410 and not mistaken for one of this life.
  Version begin = 0;
};

std::unique_ptr<ObjectStore> make_memory_store(const MemoryStoreOptions& options = {});

}  // namespace postern::proxy::access
