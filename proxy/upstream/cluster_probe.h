#pragma once

#include "proxy/net/task.h"
#include "proxy/upstream/upstream.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>

namespace postern::proxy {
/// How often a cluster is asked, and who is told.
struct ClusterProbeOptions {
  std::string cluster;                       ///< its name in the configuration, for the log
  std::chrono::milliseconds interval{5000};  ///< while it answers
  std::chrono::milliseconds retry{1000};     ///< while it does not
  std::chrono::milliseconds timeout{5000};   ///< of connecting, and again of the answer
  UpstreamHooks hooks;
  /// Called on the worker's thread when the cluster has come (true) or gone; also for the first
  /// probe.
  std::function<void(bool reachable)> on_change;
};

/// Asks a cluster's /readyz again and again, with postern's own credential on a connection of its
/// own, and notes in the endpoint's ClusterHealth and in the metrics what comes of it.
///
/// Every answer below 500 will do: a 403 is an answer too, for who may not ask for health may still
/// serve. A refused credential, and what fetch() cannot get, will not.
class ClusterProbe {
 public:
  /// `worker` runs it and must outlive this object.
  ClusterProbe(Worker& worker, std::shared_ptr<const ClusterEndpoint> endpoint,
               ClusterProbeOptions options);
  /// After stop(), and only when the worker's loop no longer runs or on its thread.
  ~ClusterProbe();
  ClusterProbe(const ClusterProbe&) = delete;
  ClusterProbe& operator=(const ClusterProbe&) = delete;

  /// Both may be called from any thread.
  void start();
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace postern::proxy
