#include "proxy/net/atomic_file.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace postern::proxy {

namespace {

class FileDescriptor {
 public:
  explicit FileDescriptor(int descriptor) : descriptor_(descriptor) {}
  ~FileDescriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  bool valid() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

bool write_all(int descriptor, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(descriptor, content.data(), content.size());
    if (written >= 0) {
      content.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool write_and_sync(const std::string& path, std::string_view content, mode_t mode) {
  // O_EXCL: a name that is there already, a link set up by somebody, is not written through.
  const FileDescriptor file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  return file.valid() && ::fchmod(file.get(), mode) == 0 && write_all(file.get(), content) &&
         ::fsync(file.get()) == 0;
}

/// Whether there is something that a new file must not take the place of: a device, a pipe, a
/// socket. A link is replaced itself.
bool is_special(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) &&
         !S_ISLNK(status.st_mode);
}

bool sync_directory(const std::string& path) {
  const FileDescriptor directory(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return directory.valid() && ::fsync(directory.get()) == 0;
}

}  // namespace

tl::expected<void, std::string> write_file_atomically(const std::string& path,
                                                      std::string_view content, mode_t mode) {
  if (is_special(path)) return tl::unexpected(path + ": cannot be written: is no regular file");
  const std::string temporary = path + ".tmp." + std::to_string(::getpid());
  const std::string parent = std::filesystem::path(path).parent_path().string();
  ::unlink(temporary.c_str());  // of an earlier process with our id
  if (write_and_sync(temporary, content, mode) && ::rename(temporary.c_str(), path.c_str()) == 0 &&
      sync_directory(parent.empty() ? "." : parent)) {
    return {};
  }
  const std::string reason = std::generic_category().message(errno);
  ::unlink(temporary.c_str());
  return tl::unexpected(path + ": cannot be written: " + reason);
}

}  // namespace postern::proxy
