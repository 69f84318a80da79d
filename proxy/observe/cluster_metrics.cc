#include "proxy/observe/cluster_metrics.h"

#include "proxy/observe/metric_families.h"
#include "proxy/observe/metric_labels.h"

// Tested by tests/proxy/observe/metrics_test.cc
namespace postern::proxy {

ClusterMetrics::ClusterMetrics(Metrics& metrics, const std::string& cluster)
    : metrics_(metrics), cluster_(cluster) {
  Metrics::Families& families = *metrics.families_;
  const auto with = [&cluster](const char* label, std::string_view value) {
    return prometheus::Labels{{"cluster", cluster}, {label, std::string(value)}};
  };
  // A counter for each code only where it comes up would hide the first of its kind from rate().
  for (std::size_t i = 0; i < metric_labels::code_count(); ++i) {
    codes_.push_back(&families.upstream_requests.Add(with("code", metric_labels::code_name(i))));
  }
  duration_ = &families.upstream_duration.Add({{"cluster", cluster}}, request_duration_buckets());
  refused_ = &families.upstream_refused.Add({{"cluster", cluster}});
  reachable_ = &families.cluster_reachable.Add({{"cluster", cluster}});
  connections_ = {&families.upstream_connections.Add(with("state", "idle")),
                  &families.upstream_connections.Add(with("state", "leased"))};
  const char* const reasons[] = {"resolve", "connect", "timeout", "tls"};
  for (std::size_t i = 0; i < connect_failures_.size(); ++i) {
    connect_failures_[i] = &families.connect_failures.Add(with("reason", reasons[i]));
  }
  discovery_refreshes_ = {&families.discovery_refreshes.Add(with("result", "success")),
                          &families.discovery_refreshes.Add(with("result", "failure"))};
}

void ClusterMetrics::answered(unsigned code, std::chrono::nanoseconds duration) {
  codes_[metric_labels::code_index(code)]->Increment();
  duration_->Observe(std::chrono::duration<double>(duration).count());
}
GaugeHold ClusterMetrics::connection(UpstreamConnectionState state) {
  return GaugeHold(*connections_.at(static_cast<std::size_t>(state)));
}
void ClusterMetrics::connect_failed(ConnectFailure reason) {
  connect_failures_.at(static_cast<std::size_t>(reason))->Increment();
}
void ClusterMetrics::refused() {
  refused_->Increment();
}
void ClusterMetrics::reachable(bool reachable) {
  reachable_->Set(reachable ? 1 : 0);
}
void ClusterMetrics::discovery_refreshed(bool success) {
  discovery_refreshes_.at(success ? 0 : 1)->Increment();
}
void ClusterMetrics::certificate_expires(std::chrono::system_clock::time_point not_after) {
  metrics_.families_->certificate_expiration
      .Add({{"use", "upstream_client"}, {"cluster", cluster_}})
      .Set(std::chrono::duration<double>(not_after.time_since_epoch()).count());
  const std::lock_guard lock(metrics_.families_->certificates_mutex);
  metrics_.families_->certificate_ends["upstream_client of cluster " + cluster_] = not_after;
}
void ClusterMetrics::credentials_reloaded(bool success) {
  metrics_.reloaded(ReloadKind::kKubeconfig, success);
}

}  // namespace postern::proxy
