#pragma once

#include "kube/result.h"

#include <optional>
#include <string>

namespace postern::proxy::access {

/// Keeps a second process away from a file for as long as it lives: `PATH.lock` beside it, locked
/// (flock) and holding our process ID. The lock file stays behind; the lock goes with the process,
/// however it ends.
class LockFile {
 public:
  /// 503 with a sentence that names the file and the process that has it; 500 when the lock file
  /// cannot be written. Waits for a moment for one who only looks.
  static Result<LockFile> take(const std::string& path);
  /// For who reads and changes nothing, also no lock file: as long as this lives nobody begins to
  /// write. nullopt: there is no lock file yet. 503 as take(); 500 when it cannot be read.
  static Result<std::optional<LockFile>> look(const std::string& path);
  ~LockFile();
  LockFile(LockFile&& other) noexcept;
  LockFile(const LockFile&) = delete;
  LockFile& operator=(const LockFile&) = delete;
  LockFile& operator=(LockFile&&) = delete;

 private:
  explicit LockFile(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace postern::proxy::access
