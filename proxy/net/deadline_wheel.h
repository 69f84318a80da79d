#pragma once

#include "proxy/net/task.h"
#include "proxy/net/worker.h"

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>

namespace postern::proxy {

/// The deadlines of one worker: a hashed wheel of 1024 slots of 50 ms, each a list of Deadlines.
///
/// Arming and disarming link and unlink a Deadline. One timer wakes up for the next slot that has
/// something in it; with an empty wheel nothing is pending. The timer is moved (the one system call
/// here) only when a deadline comes before the next planned wake-up; a deadline that was disarmed
/// meanwhile costs one needless wake-up at most.
class DeadlineWheel {
 public:
  static constexpr std::chrono::milliseconds kTick{50};

  explicit DeadlineWheel(asio::io_context& context);
  ~DeadlineWheel();
  DeadlineWheel(const DeadlineWheel&) = delete;
  DeadlineWheel& operator=(const DeadlineWheel&) = delete;

  /// Lets go of the timer, so that the context may be destroyed before the wheel. Nothing expires
  /// afterwards; Deadlines may still be disarmed and destroyed.
  void shut_down();
  /// Deadlines that are armed.
  std::size_t size() const { return size_; }

 private:
  friend class Deadline;
  static constexpr std::size_t kSlots = 1024;

  void arm(Deadline& deadline, std::chrono::milliseconds duration);
  void disarm(Deadline& deadline);
  void link(Deadline& deadline, Deadline*& head);
  void unlink(Deadline& deadline);

  std::uint64_t current_tick() const;
  /// Plans the wake-up for the first occupied slot behind `processed_`; none for an empty wheel.
  void plan();
  void wake_at(std::uint64_t tick);
  void on_wake();
  /// Moves what is due by `now` out of a slot.
  void collect(std::size_t slot, std::uint64_t now);
  void fire();

  std::optional<Timer> timer_;
  Clock::time_point start_;
  std::array<Deadline*, kSlots> slots_{};
  std::bitset<kSlots> occupied_;
  Deadline* due_ = nullptr;            ///< taken out of their slots, about to be called
  std::uint64_t processed_ = 0;        ///< every slot up to this tick has been looked at
  std::optional<std::uint64_t> wake_;  ///< the tick for which the timer is set
  std::size_t size_ = 0;
};

}  // namespace postern::proxy
