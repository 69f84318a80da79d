#pragma once

#include "kube/result.h"

#include <string>

namespace postern::proxy::access {

/// Makes the directories above a path that are missing, mode 0700. 500 with a sentence.
Result<void> make_parent_folder(const std::string& path);

/// Makes the file, empty, where there is none, and takes it and what SQLite keeps beside it
/// (`-wal`, `-journal`) away from everybody else: mode 0600. 500 with a sentence, also for what is
/// no regular file.
Result<void> make_private_file(const std::string& path);

}  // namespace postern::proxy::access
