#pragma once

#include "proxy/observe/metrics.h"

#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <set>
#include <string>
#include <string_view>

namespace postern::proxy {

/// kube-apiserver's buckets of apiserver_request_duration_seconds (pkg/endpoints/metrics).
const prometheus::Histogram::BucketBoundaries& request_duration_buckets();
/// Those of apiserver_request_filter_duration_seconds, with finer ones below.
const prometheus::Histogram::BucketBoundaries& overhead_buckets();

/// From seconds to a week: people decide.
const prometheus::Histogram::BucketBoundaries& wait_buckets();

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
  Histograms& upstream_duration;
  Gauges& upstream_connections;
  Counters& connect_failures;
  Counters& upstream_refused;
  Gauges& cluster_reachable;
  Counters& discovery_refreshes;
  Gauges& certificate_expiration;
  Gauges& reload_timestamps;
  Gauges& reload_successful;
  Gauges& configuration_info;
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
  std::array<Handles<prometheus::Counter, 3>, 7> authentications;
  Handles<prometheus::Histogram, 3> authentication_duration;
  Handles<prometheus::Counter, 2> token_cache;
  Handles<prometheus::Counter, 4> session_lookups;
  Handles<prometheus::Counter, 3> decisions;
  Handles<prometheus::Counter, 3> outcomes;
  prometheus::Counter* grants_outlived;
  std::array<Handles<prometheus::Counter, 2>, 6> reloads;
  Handles<prometheus::Gauge, 5> access_requests;
  prometheus::Gauge* access_sessions;
  prometheus::Counter* access_requests_created;
  Handles<prometheus::Counter, 3> access_request_reviews;
  Handles<prometheus::Counter, 4> access_request_resolutions;
  prometheus::Histogram* access_request_wait;
  prometheus::Gauge* oldest_pending_request;
  prometheus::Counter* store_write_errors;
  prometheus::Counter* store_objects_refused;
  prometheus::Gauge* leader;
  Handles<prometheus::Counter, 3> audit_events;
  prometheus::Counter* audit_dropped;
  prometheus::Counter* audit_errors;
  prometheus::Gauge* audit_queue;
  Handles<prometheus::Counter, 4> log_messages;
  prometheus::Counter* log_suppressed;

  std::mutex configuration_mutex;
  prometheus::Gauge* configuration = nullptr;

  std::mutex certificates_mutex;
  std::map<std::string, std::chrono::system_clock::time_point> certificate_ends;

  std::mutex filter_reasons_mutex;
  std::set<std::string, std::less<>> filter_reasons;
};

}  // namespace postern::proxy
