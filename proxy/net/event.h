#pragma once

#include "proxy/net/task.h"

namespace postern::proxy {

/// Something that happens once, for coroutines of one worker to wait for. Not movable; used on that
/// worker's thread only.
class Event {
 public:
  explicit Event(const Executor& executor) : timer_(executor, Clock::time_point::max()) {}

  /// Wakes all who wait; later waits end at once.
  void set() {
    happened_ = true;
    timer_.cancel();
  }
  bool happened() const { return happened_; }
  /// The event must outlive the wait.
  Task<void> wait() {
    if (happened_) co_return;
    auto [error] = co_await timer_.async_wait(kAwait);
    static_cast<void>(error);
  }

 private:
  Timer timer_;
  bool happened_ = false;
};

}  // namespace postern::proxy
