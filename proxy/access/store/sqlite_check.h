#pragma once

#include "kube/result.h"

#include <string>

namespace postern::proxy::access {

/// Whether open_sqlite_store() could open this file, as it would say (sqlite_store.h): 503 when
/// another process has it, and then nothing of it was read; 500 when it is damaged, not postern's
/// or a newer one's. No file, or an empty one, is good.
///
/// Changes nothing, also not what a killed process left to be recovered, and makes no file. A
/// postern that starts meanwhile waits for it.
Result<void> check_sqlite_store(const std::string& path);

}  // namespace postern::proxy::access
