#include "proxy/access/store/lock_file.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/file.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>

namespace postern::proxy::access {

namespace {

std::string error_text() {
  return std::generic_category().message(errno);
}

/// " (process 123)", or "" when the file does not tell.
std::string holder(int descriptor) {
  std::array<char, 16> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  std::string digits;
  for (ssize_t i = 0; i < size && text[static_cast<std::size_t>(i)] != '\n'; ++i) {
    const char c = text[static_cast<std::size_t>(i)];
    if (c < '0' || c > '9') return {};
    digits += c;
  }
  return digits.empty() ? std::string() : " (process " + digits + ")";
}

/// What the file says is a help to people only: that it cannot be said on a full disk is no fault.
void say_who(int descriptor) {
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(descriptor, 0) == 0) {
    [[maybe_unused]] const ssize_t written = ::pwrite(descriptor, text.data(), text.size(), 0);
  }
}

/// 0, or errno's value. Who only looks (LockFile::look) has it for milliseconds.
int lock_patiently(int descriptor) {
  constexpr auto kStep = std::chrono::milliseconds(20);
  for (auto waited = kStep * 0; ::flock(descriptor, LOCK_EX | LOCK_NB) != 0; waited += kStep) {
    if (errno != EWOULDBLOCK || waited >= std::chrono::seconds(1)) return errno;
    std::this_thread::sleep_for(kStep);
  }
  return 0;
}

kube::Status refusal(const std::string& path, int descriptor, int error) {
  if (error == EWOULDBLOCK) {
    return kube::Status::unavailable(path + ": another postern" + holder(descriptor) +
                                     " is using it; one process at a time can");
  }
  return kube::Status::internal(
      path + ".lock: cannot be locked: " + std::generic_category().message(error));
}

}  // namespace

Result<LockFile> LockFile::take(const std::string& path) {
  const std::string name = path + ".lock";
  const int descriptor = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (descriptor < 0) {
    return fail(kube::Status::internal(name + ": cannot be written: " + error_text()));
  }
  LockFile lock(descriptor);
  const int error = lock_patiently(descriptor);
  if (error != 0) return fail(refusal(path, descriptor, error));
  say_who(descriptor);
  return lock;
}

Result<std::optional<LockFile>> LockFile::look(const std::string& path) {
  const std::string name = path + ".lock";
  const int descriptor = ::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (descriptor < 0) {
    if (errno == ENOENT) return std::nullopt;
    return fail(kube::Status::internal(name + ": cannot be read: " + error_text()));
  }
  LockFile lock(descriptor);
  if (::flock(descriptor, LOCK_SH | LOCK_NB) != 0) return fail(refusal(path, descriptor, errno));
  return lock;
}

LockFile::LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

LockFile::~LockFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace postern::proxy::access
