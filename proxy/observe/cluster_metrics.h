#pragma once

#include "proxy/observe/metrics.h"

#include <array>
#include <chrono>
#include <string>
#include <vector>

namespace postern::proxy {

/// What is counted between postern and one kube cluster. The handles with the cluster's label are
/// resolved at construction, so that a call costs as little as those of Metrics. All methods are
/// safe from any thread.
class ClusterMetrics {
 public:
  /// `cluster` is a name of the configuration, so the label is bounded. `metrics` must outlive
  /// this.
  ClusterMetrics(Metrics& metrics, const std::string& cluster);
  ClusterMetrics(const ClusterMetrics&) = delete;
  ClusterMetrics& operator=(const ClusterMetrics&) = delete;

  /// One answered call: the final status code, and the time from the request's last byte to the
  /// response head.
  void answered(unsigned code, std::chrono::nanoseconds duration);
  GaugeHold connection(UpstreamConnectionState state);
  void connect_failed(ConnectFailure reason);
  /// A request was refused without a try, because the API server answers nobody at the moment.
  void refused();
  void reachable(bool reachable);
  void discovery_refreshed(bool success);
  /// The client certificate that postern shows there.
  void certificate_expires(std::chrono::system_clock::time_point not_after);
  /// A load of the kubeconfig or of a file that it names.
  void credentials_reloaded(bool success);

 private:
  Metrics& metrics_;
  const std::string cluster_;
  std::vector<prometheus::Counter*> codes_;  ///< by metric_labels::code_index
  prometheus::Histogram* duration_;
  std::array<prometheus::Gauge*, 2> connections_{};
  std::array<prometheus::Counter*, 4> connect_failures_{};
  prometheus::Counter* refused_;
  prometheus::Gauge* reachable_;
  std::array<prometheus::Counter*, 2> discovery_refreshes_{};
};

}  // namespace postern::proxy
