#pragma once

#include "proxy/config.h"
#include "proxy/kube_clusters.h"
#include "proxy/net/listener.h"
#include "proxy/session/worker_state.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace postern::proxy {

/// One worker with its thread: a loop, the sessions' state and a listener on the shared address.
///
/// Flow: open() or open_beside() and start(); drain() and join() at the end. The methods are called
/// from the control thread.
class ServingThread {
 public:
  /// Everything given must outlive the thread. `discoveries` are in the order of `clusters`.
  /// `loopback`: the plain listener beside the one with TLS; nullopt: there is none.
  ServingThread(std::size_t index, const SharedState& shared,
                const std::vector<KubeCluster>& clusters,
                const std::vector<std::unique_ptr<Discovery>>& discoveries,
                ListenerOptions listener, std::optional<ListenerOptions> loopback);
  /// join() first.
  ~ServingThread();
  ServingThread(const ServingThread&) = delete;
  ServingThread& operator=(const ServingThread&) = delete;

  Listener& listener() { return listener_; }
  /// Opens both listeners: as the first on their addresses, or beside those of `first`. The error
  /// has the key of the configuration that it is about.
  tl::expected<void, std::pair<std::string, std::string>> open(const ServingThread* first);
  /// Where the plain listener is; nullopt: there is none.
  std::optional<asio::ip::tcp::endpoint> loopback_endpoint() const;
  void start();
  /// Accepts nobody any more, hands watches and silent connections over to other replicas, and lets
  /// what is under way come to its end, at most for `drain.timeout`; then ends it, and then the
  /// thread. `on_done` is called on the worker's thread, as its last deed.
  void drain(const DrainConfiguration& drain, std::function<void()> on_done);
  /// Ends at once what drain() still waits for.
  void hurry();
  void join();
  /// After join(): every session came to its end. Otherwise some still wait for an API server, and
  /// what they refer to must not be destroyed below them.
  bool all_ended() const { return all_ended_; }

  /// When the loop last came around; a health check's business.
  std::chrono::steady_clock::time_point last_turn() const;

 private:
  Task<void> serve(std::unique_ptr<Stream> client);
  Task<void> look_after();
  Task<void> drain_and_stop(DrainConfiguration drain, std::function<void()> on_done);
  Task<bool> hand_over(DrainConfiguration drain);
  Task<void> end_the_rest();

  Worker worker_;
  WorkerState state_;
  Listener listener_;
  std::optional<Listener> loopback_;
  Event hurry_;
  std::atomic<std::chrono::steady_clock::rep> last_turn_;
  bool all_ended_ = true;
  std::thread thread_;
};

}  // namespace postern::proxy
