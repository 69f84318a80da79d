#pragma once

#include "proxy/access/store/object_store.h"
#include "proxy/net/task.h"
#include "proxy/net/worker.h"

#include <chrono>
#include <cstddef>
#include <list>

namespace postern::proxy::access {

/// Coroutines that wait until the copy of a kind has reached a version. One worker.
class ProgressWaiters {
 public:
  /// False when it takes longer than `patience`. Parameters are taken before the first suspension;
  /// the worker must outlive the wait.
  Task<bool> wait(Worker& worker, std::size_t kind, Version version,
                  std::chrono::milliseconds patience) {
    Waiter waiter{kind, version, Timer(worker.executor()), false};
    const auto place = waiting_.insert(waiting_.end(), &waiter);
    waiter.timer.expires_after(patience);
    const auto [error] = co_await waiter.timer.async_wait(kAwait);
    static_cast<void>(error);
    waiting_.erase(place);
    co_return waiter.seen;
  }
  void reached(std::size_t kind, Version version) {
    for (Waiter* waiter : waiting_) {
      if (waiter->kind != kind || waiter->version > version) continue;
      waiter->seen = true;
      waiter->timer.cancel();
    }
  }

 private:
  struct Waiter {
    std::size_t kind;
    Version version;
    Timer timer;
    bool seen;
  };
  std::list<Waiter*> waiting_;
};

}  // namespace postern::proxy::access
