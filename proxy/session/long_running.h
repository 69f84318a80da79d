#pragma once

#include "proxy/session/client_watcher.h"
#include "proxy/session/live_streams.h"
#include "proxy/session/proxied_request.h"
#include "proxy/session/worker_state.h"

#include <functional>

namespace postern::proxy {

/// A watch, a followed log or a tunnel while it runs: ends it when the client goes away, when its
/// grant ends, when a new policy no longer allows it, and when postern drains.
class LongRunningExchange {
 public:
  /// `interrupt` makes the relay end; called at most once for each reason, on the worker's thread:
  /// kNone when the client is gone, kDrained when there is time to end at a boundary.
  LongRunningExchange(WorkerState& state, ClientConnection& client, ProxiedRequest& request,
                      std::function<void(StreamEnd)> interrupt);

  /// Runs the relay to its end while the client is watched.
  Task<Result<void>> run(Task<Result<void>> relay);
  /// Runs a relay that reads from the client itself (a tunnel).
  Task<Result<void>> run_unwatched(Task<Result<void>> relay);

  StreamEnd end() const { return live_.end(); }
  bool client_is_gone() const { return watcher_.client_is_gone(); }

 private:
  void note_end();

  ProxiedRequest& request_;
  LiveStream live_;
  ClientWatcher watcher_;
  GaugeHold counted_;
};

/// The label under which a long-running request is counted.
LongRunning long_running_label(const ProxiedRequest& request);

}  // namespace postern::proxy
