#include "proxy/access/store/sqlite_files.h"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace postern::proxy::access {

namespace {

kube::Status cannot(const std::string& path, const std::string& what) {
  return kube::Status::internal(path + ": " + what + ": " + std::generic_category().message(errno));
}

class Descriptor {
 public:
  explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
  ~Descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// A new name in a folder survives the machine only when the folder was synced.
Result<void> sync_parent_folder(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  const Descriptor folder(
      ::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.get() < 0 || ::fsync(folder.get()) != 0) {
    return fail(cannot(parent, "cannot be synced"));
  }
  return {};
}

Result<void> make_private(const std::string& path, int flags) {
  const Descriptor file(::open(path.c_str(), flags | O_RDWR | O_CLOEXEC | O_NONBLOCK, 0600));
  if (file.get() < 0) {
    if (errno == ENOENT && (flags & O_CREAT) == 0) return {};
    return fail(cannot(path, "cannot be written"));
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return fail(cannot(path, "cannot be read"));
  if (!S_ISREG(facts.st_mode)) {
    return fail(kube::Status::internal(path + ": is not a file"));
  }
  if ((facts.st_mode & 07777) != 0600 && ::fchmod(file.get(), 0600) != 0) {
    return fail(cannot(path, "cannot be made private (mode 0600)"));
  }
  return {};
}

}  // namespace

Result<void> make_parent_folder(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  std::filesystem::path folder;
  for (const std::filesystem::path& part : parent) {
    folder /= part;
    if (::mkdir(folder.c_str(), 0700) == 0) {
      if (Result<void> synced = sync_parent_folder(folder.string()); !synced) return synced;
      continue;
    }
    // Of a folder that is there, other errors than EEXIST come too, on a read-only file system.
    const int reason = errno;
    struct stat facts {};
    if (::stat(folder.c_str(), &facts) != 0) {
      errno = reason;
      return fail(cannot(folder.string(), "cannot be made"));
    }
  }
  return {};
}

Result<void> make_private_file(const std::string& path) {
  if (Result<void> made = make_private(path, O_CREAT); !made) return made;
  for (const char* suffix : {"-wal", "-journal"}) {
    if (Result<void> made = make_private(path + suffix, 0); !made) return made;
  }
  return sync_parent_folder(path);
}

}  // namespace postern::proxy::access
