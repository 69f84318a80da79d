#pragma once

#include "proxy/observe/metrics.h"

#include <array>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// kube-apiserver's buckets of apiserver_request_duration_seconds (pkg/endpoints/metrics).
const prometheus::Histogram::BucketBoundaries& request_duration_buckets();
/// Those of apiserver_request_filter_duration_seconds, with finer ones below.
const prometheus::Histogram::BucketBoundaries& overhead_buckets();

/// A handle for each value of an enumerated label, resolved once.
template <typename Metric, std::size_t Count>
using Handles = std::array<Metric*, Count>;

/// The families of Metrics, and the handles into them. Private to observe/.
struct Metrics::Families {
  explicit Families(prometheus::Registry& registry);

  using Counters = prometheus::Family<prometheus::Counter>;
  using Gauges = prometheus::Family<prometheus::Gauge>;
  using Histograms = prometheus::Family<prometheus::Histogram>;

  Counters& requests;
  Histograms& request_duration;
  Counters& filtered_objects;
  Counters& filter_failures;
  Counters& upstream_requests;
  Counters& discovery_refreshes;
  Gauges& certificate_expiration;
  Gauges& reload_timestamps;
  Gauges& health_checks;

  Handles<prometheus::Gauge, 3> connections;
  Handles<prometheus::Counter, 3> rejected;
  prometheus::Counter* tls_handshake_errors;
  Handles<prometheus::Counter, 8> protocol_errors;
  Handles<prometheus::Counter, 7> cuts;
  Handles<prometheus::Gauge, 2> inflight;
  Handles<prometheus::Gauge, 6> long_running;
  prometheus::Histogram* overhead;
  std::array<Handles<prometheus::Counter, 2>, 6> stream_bytes;
  std::array<Handles<prometheus::Counter, 2>, 5> authentications;
  Handles<prometheus::Counter, 3> decisions;
  prometheus::Histogram* upstream_duration;
  Handles<prometheus::Gauge, 2> upstream_connections;
  Handles<prometheus::Counter, 6> connect_failures;
  std::array<Handles<prometheus::Counter, 2>, 5> reloads;
  Handles<prometheus::Gauge, 5> access_requests;
  prometheus::Gauge* access_sessions;
  prometheus::Counter* store_write_errors;
  Handles<prometheus::Counter, 4> log_messages;
  prometheus::Counter* log_suppressed;
  std::vector<prometheus::Counter*> upstream_codes;  ///< by metric_labels::code_index

  std::mutex filter_reasons_mutex;
  std::set<std::string, std::less<>> filter_reasons;
};

}  // namespace postern::proxy
