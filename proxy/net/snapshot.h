#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

/// Immutable values that are swapped whole while they are in use: policies, certificates, catalogs.
namespace postern::proxy {

/// The current value of something that changes now and then and is read all the time.
///
/// publish() and load() may be called from any thread. Readers on the data path use a
/// SnapshotReader each, which touches shared memory only when the value has changed.
template <typename T>
class Snapshot {
 public:
  Snapshot() = default;
  explicit Snapshot(std::shared_ptr<const T> value) { publish(std::move(value)); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  /// Replaces the value. Whoever holds the old one keeps it until they let go.
  void publish(std::shared_ptr<const T> value) {
    {
      const std::lock_guard lock(mutex_);
      value_.swap(value);
      version_.fetch_add(1, std::memory_order_release);
    }
    // `value` is the old one now; if nobody else has it, it dies here, outside of the lock.
  }

  /// The current value; nullptr before the first publish(). Takes a lock.
  std::shared_ptr<const T> load() const {
    const std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  template <typename>
  friend class SnapshotReader;

  mutable std::mutex mutex_;
  std::shared_ptr<const T> value_;
  std::atomic<std::uint64_t> version_{0};
};

/// One thread's view of a Snapshot, which must outlive it. Not to be shared between threads.
template <typename T>
class SnapshotReader {
 public:
  explicit SnapshotReader(const Snapshot<T>& source) : source_(&source) {}

  /// The current value; one acquire load unless it has changed. The reference is good until the
  /// next get(): whatever lasts longer (a request that suspends) takes a copy.
  const std::shared_ptr<const T>& get() {
    const std::uint64_t version = source_->version_.load(std::memory_order_acquire);
    if (version != version_) {
      // A publish() between the load above and this one is seen again next time, harmlessly.
      value_ = source_->load();
      version_ = version;
    }
    return value_;
  }

 private:
  const Snapshot<T>* source_;
  std::shared_ptr<const T> value_;
  std::uint64_t version_ = 0;
};

}  // namespace postern::proxy
