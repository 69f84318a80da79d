#pragma once

#include "proxy/audit/level.h"
#include "proxy/audit/log_file.h"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace postern::proxy {
class Log;
class Metrics;
}  // namespace postern::proxy

namespace postern::proxy::audit {
/// Which file, and how many bytes may wait for it.
struct SinkOptions {
  LogFileOptions file;
  std::uint64_t queue_bytes = 16 * 1024 * 1024;
};

/// Events on their way to the file: whoever has one hands it over in memory, one thread writes.
///
/// So nobody waits for a disk who does not want to. What is queued is bounded: from half of
/// `queue_bytes` on, or while the file cannot be written, admits() is false and nothing new should
/// be begun; what is under way still finds room for its last event in the other half, and behind
/// that events are dropped and counted. What could not be written stays queued and is tried again,
/// in its order, so that a disk that was full for a while costs no event.
///
/// Flow: open(), start(); then every method from any thread; stop().
class Sink {
 public:
  /// An event's place in the order of all; 0: it was dropped.
  using Ticket = std::uint64_t;

  /// Both must outlive it.
  Sink(SinkOptions options, Log& log, Metrics& metrics);
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  /// Whether the file can be opened at all, for the start.
  Fault open() { return file_.open(); }
  void start();
  /// Writes what is queued, then ends the thread. False: it could not within `limit`, because the
  /// disk does not answer; the thread is left behind, and the process has to end without
  /// destructors.
  bool stop(std::chrono::milliseconds limit);

  /// Whether there is a place for the events of something new.
  bool admits() const { return admits_.load(std::memory_order_relaxed); }
  /// `line` is a whole one, its newline included.
  Ticket push(std::string_view line, Level level);
  /// `done` is called once, on the writing thread or at once: true when the event of the ticket is
  /// in the file (in the hands of the system), false when writing failed.
  void when_written(Ticket ticket, std::function<void(bool)> done);
  /// The file is opened again by its path, before the next write.
  void reopen();
  /// Why the file cannot be written at present; nullopt: it can.
  Fault fault() const;

 private:
  struct Waiter {
    Ticket ticket;
    std::function<void(bool)> done;
  };

  void run();
  /// Waits for something to write; false at the end.
  bool gather(std::unique_lock<std::mutex>& lock);
  /// Writes the batch, or finds out whether one could be written. Without the lock.
  Fault try_writing(bool reopen_first);
  void take_note(const Fault& fault, std::unique_lock<std::mutex>& lock);
  void tell_waiters(bool written, std::unique_lock<std::mutex>& lock);
  void update_admission();
  std::size_t queued_bytes() const { return gathering_.size() + batch_bytes_; }

  const SinkOptions options_;
  Log& log_;
  Metrics& metrics_;
  LogFile file_;       ///< the writing thread's
  std::string batch_;  ///< the writing thread's: what it writes, or could not write yet

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable ended_;
  // All below is under mutex_, but the atomic.
  std::string gathering_;
  std::size_t batch_bytes_ = 0;
  Ticket pushed_ = 0;
  Ticket batched_ = 0;  ///< the last one of the batch
  Ticket written_ = 0;
  std::vector<Waiter> waiters_;
  bool urgent_ = false;
  bool reopen_ = false;
  bool stopping_ = false;
  bool has_ended_ = false;
  Fault fault_;
  std::atomic<bool> admits_{true};
  std::thread thread_;
};

}  // namespace postern::proxy::audit
