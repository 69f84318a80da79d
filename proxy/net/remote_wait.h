#pragma once

#include "proxy/net/event.h"
#include "proxy/net/worker.h"

#include <memory>
#include <utility>

namespace postern::proxy {

/// A coroutine of one worker that waits for what another worker does. `event` is touched on the
/// waiting worker's thread only, and is gone when the waiting coroutine is.
struct RemoteWait {
  Worker& worker;
  Event* event;
};

/// Any thread.
inline void wake(const std::shared_ptr<RemoteWait>& wait) {
  wait->worker.post([wait] {
    if (wait->event != nullptr) wait->event->set();
  });
}

/// Takes the event out of the shared state when the waiting coroutine ends, however it does.
class RemoteWaitGuard {
 public:
  explicit RemoteWaitGuard(std::shared_ptr<RemoteWait> wait) : wait_(std::move(wait)) {}
  ~RemoteWaitGuard() { wait_->event = nullptr; }
  RemoteWaitGuard(const RemoteWaitGuard&) = delete;
  RemoteWaitGuard& operator=(const RemoteWaitGuard&) = delete;

 private:
  std::shared_ptr<RemoteWait> wait_;
};

}  // namespace postern::proxy
