#pragma once

#include "proxy/config.h"
#include "proxy/serving_thread.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace postern::proxy {

/// All the workers with their listeners, which share the configured addresses and the limits of
/// connections. The control thread's, but for stuck().
///
/// Flow: open(), start(), drain(), join().
class ServingThreads {
 public:
  /// All must outlive this; `control` is the worker of the control thread.
  ServingThreads(const ProxyConfiguration& configuration, Worker& control, Metrics& metrics,
                 Log& log);

  /// Binds every listener and starts nothing. What is given must outlive this; `discoveries` are in
  /// the order of `clusters`. The error has the key of the address that cannot be had.
  Loaded<void> open(const SharedState& shared, const std::vector<KubeCluster>& clusters,
                    const std::vector<std::unique_ptr<Discovery>>& discoveries,
                    const TlsServerSnapshot& tls);
  void start();
  /// Ends as `drain` of the configuration says, and returns when every worker is done.
  Task<void> drain();
  /// Cuts drain() short.
  void hurry();
  void join();
  /// After join(); see ServingThread.
  bool all_ended() const;

  /// Some worker's loop has not come around for `limit`. Any thread, after open().
  bool stuck(std::chrono::seconds limit) const;
  std::size_t size() const { return threads_.size(); }
  /// After open(): the address that was bound.
  std::string listen_address() const;
  /// After open(): where programs on this machine reach it, even when it listens everywhere.
  std::string local_address() const;
  /// After open(): the plain listener's; "" without one.
  std::string loopback_address() const;

 private:
  ListenerOptions listener_options(const std::string& address, const TlsServerSnapshot* tls,
                                   std::shared_ptr<ConnectionCounter> counter);
  ListenerHooks listener_hooks();

  const ProxyConfiguration& configuration_;
  Worker& control_;
  Metrics& metrics_;
  Log& log_;
  Event drained_;
  std::size_t running_ = 0;  ///< while they drain
  std::vector<std::unique_ptr<ServingThread>> threads_;
};

}  // namespace postern::proxy
