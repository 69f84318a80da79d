#include "cli/temporary_file.h"

#include "proxy/net/atomic_file.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace postern::cli {

tl::expected<TemporaryFile, std::string> TemporaryFile::make(const std::string& prefix,
                                                             const std::string& suffix,
                                                             const std::string& folder) {
  std::string place = folder;
  if (place.empty()) {
    const char* const chosen = std::getenv("TMPDIR");
    place = chosen == nullptr || *chosen == '\0' ? "/tmp" : chosen;
  }
  std::string path = place + "/" + prefix + "XXXXXX" + suffix;
  const int descriptor = ::mkostemps(path.data(), static_cast<int>(suffix.size()), O_CLOEXEC);
  if (descriptor < 0) return tl::unexpected(place + ": " + std::strerror(errno));
  ::close(descriptor);
  return TemporaryFile(std::move(path));
}

TemporaryFile::TemporaryFile(TemporaryFile&& other) noexcept
    : path_(std::exchange(other.path_, "")), kept_(other.kept_) {}

TemporaryFile::~TemporaryFile() {
  if (!kept_ && !path_.empty()) ::unlink(path_.c_str());
}

tl::expected<void, std::string> TemporaryFile::write(std::string_view content) {
  return proxy::write_file_atomically(path_, content, 0600);
}

}  // namespace postern::cli
