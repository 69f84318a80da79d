#pragma once

#include "proxy/net/task.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace postern::proxy {

class DeadlineWheel;

/// A point in time at which something is ended, on a coarse wheel (a tick of 50 ms) of the worker:
/// arming and disarming cost no system call. When it runs out, `on_expiry` is called on the
/// worker's thread; it may arm, disarm and destroy other deadlines, and arm this one again, but not
/// destroy it. Never early, late by two ticks at most. Not movable; disarms itself when destroyed.
class Deadline {
 public:
  Deadline(DeadlineWheel& wheel, std::function<void()> on_expiry);
  ~Deadline();
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  /// Replaces the point in time.
  void expires_after(std::chrono::milliseconds duration);
  void disarm();
  bool armed() const { return list_ != nullptr; }
  /// It ran out and has not been armed again.
  bool expired() const { return expired_; }

 private:
  friend class DeadlineWheel;
  DeadlineWheel& wheel_;
  std::function<void()> on_expiry_;
  bool expired_ = false;
  // The list that it is in (nullptr: none) and its neighbours there, see deadline_wheel.h.
  Deadline** list_ = nullptr;
  Deadline* next_ = nullptr;
  Deadline* previous_ = nullptr;
  std::uint64_t due_tick_ = 0;
};

/// Buffers of one size that come and go with the data in them, so that idle streams hold none.
/// Their contents are not cleared. The pool must outlive what it lends.
class BufferPool {
 public:
  static constexpr std::size_t kSize = std::size_t{64} * 1024;
  /// Of those that came back, so many are kept.
  static constexpr std::size_t kKept = 32;
  /// A lent buffer; goes back by itself.
  class Buffer {
   public:
    Buffer(Buffer&& other) noexcept;
    Buffer& operator=(Buffer&& other) noexcept;
    ~Buffer();
    std::span<char> span() const { return {data_.get(), kSize}; }

   private:
    friend class BufferPool;
    Buffer(BufferPool& pool, std::unique_ptr<char[]> data) : pool_(&pool), data_(std::move(data)) {}
    BufferPool* pool_;
    std::unique_ptr<char[]> data_;
  };
  Buffer take();
  /// Buffers that are out.
  std::size_t lent() const { return lent_; }

 private:
  void give_back(std::unique_ptr<char[]> data);

  std::size_t lent_ = 0;
  std::vector<std::unique_ptr<char[]>> free_;
};

/// One thread's loop and what belongs to it. A connection and its upstream lease live and die on
/// one worker, so nothing here is locked; only post() may be called from other threads.
class Worker {
 public:
  explicit Worker(std::size_t index);
  /// Destroys the coroutines that are still there. The thread of run() has ended before.
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  asio::io_context& context() { return context_; }
  Executor executor() { return context_.get_executor(); }
  DeadlineWheel& deadlines() { return *deadlines_; }
  BufferPool& buffers() { return buffers_; }
  std::size_t index() const { return index_; }

  /// Runs `work` on this worker's thread, soon. Safe from any thread.
  void post(std::function<void()> work);
  /// Runs the loop until stop(). Call it on the worker's own thread, in which it blocks SIGPIPE:
  /// OpenSSL writes to sockets that may be gone. An exception out of a completion (a bug) leaves.
  void run();
  /// Makes run() return, soon. Safe from any thread.
  void stop();

 private:
  std::size_t index_;
  // Coroutines die with the context, so what they hold on to is declared before it.
  BufferPool buffers_;
  std::unique_ptr<DeadlineWheel> deadlines_;
  asio::io_context context_;
};

}  // namespace postern::proxy
