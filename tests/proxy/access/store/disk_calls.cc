#include "tests/proxy/access/store/disk_calls.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

std::atomic<int> calls = 0;
std::atomic<bool> failing = false;
std::atomic<bool> limited = false;
std::atomic<long> room = 0;

int sync_by(long number, int descriptor) {
  ++calls;
  if (failing) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(syscall(number, descriptor));
}

}  // namespace

// The program's symbols go before those of the C library, for libsqlite3 as well.
extern "C" [[gnu::visibility("default")]] int fsync(int descriptor) {
  return sync_by(SYS_fsync, descriptor);
}

extern "C" [[gnu::visibility("default")]] int fdatasync(int descriptor) {
  return sync_by(SYS_fdatasync, descriptor);
}

extern "C" [[gnu::visibility("default")]] ssize_t pwrite64(int descriptor, const void* bytes,
                                                           size_t size, off64_t offset) {
  if (limited) {
    const long left = room;
    if (left == 0) {
      errno = ENOSPC;
      return -1;
    }
    size = std::min(size, static_cast<size_t>(left));
    room = left - static_cast<long>(size);
  }
  return syscall(SYS_pwrite64, descriptor, bytes, size, offset);
}

namespace postern::proxy::access::testing {

int sync_calls() {
  return calls;
}

FailingSyncs::FailingSyncs() {
  failing = true;
}

FailingSyncs::~FailingSyncs() {
  failing = false;
}

FullDisk::FullDisk(long left) {
  room = left;
  limited = true;
}

FullDisk::~FullDisk() {
  limited = false;
}

}  // namespace postern::proxy::access::testing
