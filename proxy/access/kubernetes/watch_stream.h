#pragma once

#include "proxy/net/stream.h"
#include "proxy/net/task.h"
#include "proxy/upstream/upstream.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace postern::proxy::access {

/// When something was last known to be alive. Safe from any thread.
class Pulse {
 public:
  void beat(Clock::time_point at = Clock::now()) {
    last_.store(at.time_since_epoch().count(), std::memory_order_relaxed);
  }
  Clock::time_point last() const {
    return Clock::time_point(Clock::duration(last_.load(std::memory_order_relaxed)));
  }

 private:
  std::atomic<Clock::rep> last_{0};
};

/// How a watch ended.
enum class WatchEnd {
  kDone,     ///< the server's time for it is over, or the connection went: go on from there
  kExpired,  ///< 410: list again
  kFailed,   ///< see the error
};
struct WatchOutcome {  ///< with the reason
  WatchEnd end = WatchEnd::kDone;
  kube::Status error;  ///< of kFailed
};

/// The one open watch of a kind, and how to tell that it still lives.
///
/// A quiet watch says nothing for a minute (bookmarks). That it has not died meanwhile TCP knows:
/// with keep-alive probes every two seconds the kernel notes when the other side last answered.
/// check() looks there; a stream that has been dumb for too long is closed, so that a new watch
/// begins.
class WatchStream {
 public:
  /// `pulse` must outlive this.
  explicit WatchStream(Pulse& pulse) : pulse_(pulse) {}

  /// Reads events, a line of JSON each, until the watch ends. `take` is called for each line; false
  /// ends the watch as kExpired. All references must outlive the call.
  Task<WatchOutcome> run(UpstreamPool& pool, std::string target,
                         const std::function<bool(std::string_view line)>& take);
  /// To be called about twice a second on the same worker.
  void check();
  /// Ends it.
  void close();

 private:
  Pulse& pulse_;
  /// The stream while the head has been read and the watch runs, else null. Shared with run(),
  /// whose frame goes with its worker, which may be after this.
  std::shared_ptr<Stream*> lent_ = std::make_shared<Stream*>(nullptr);
};

}  // namespace postern::proxy::access
