#pragma once

/// The test program's own fsync, fdatasync and pwrite64, which SQLite calls: they count, and fail
/// on demand.
namespace postern::proxy::access::testing {

int sync_calls();

/// While it lives, every sync fails with EIO.
class FailingSyncs {
 public:
  FailingSyncs();
  ~FailingSyncs();
  FailingSyncs(const FailingSyncs&) = delete;
  FailingSyncs& operator=(const FailingSyncs&) = delete;
};

/// While it lives, the disk takes so many bytes more, then fails with ENOSPC.
class FullDisk {
 public:
  explicit FullDisk(long room);
  ~FullDisk();
  FullDisk(const FullDisk&) = delete;
  FullDisk& operator=(const FullDisk&) = delete;
};

}  // namespace postern::proxy::access::testing
