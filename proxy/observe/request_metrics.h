#pragma once

#include "proxy/observe/metrics.h"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>

namespace postern::proxy {

/// kube-apiserver's `scope` label: one object, the objects of a namespace, of the whole cluster, or
/// a path that is no resource.
enum class RequestScope { kNone, kResource, kNamespace, kCluster };

/// One answered request, as it is counted.
struct FinishedRequest {
  std::string_view verb;      ///< RequestInfo::verb; "" before there is one
  std::string_view group;     ///< API group; "" for core and for paths that are no resource
  std::string_view resource;  ///< plural; "" for paths that are no resource
  std::string_view subresource;
  RequestScope scope = RequestScope::kNone;
  unsigned code = 0;  ///< of the answer; 0: the connection ended without one
  RequestOutcome outcome = RequestOutcome::kOk;
  bool long_running = false;  ///< watch, follow, upgrade: not in the latency histogram
  std::chrono::nanoseconds duration{};
};

/// Counts requests for one worker; not thread-safe (the counters behind it are). The label lookup
/// of prometheus-cpp (0.4 µs and a lock) happens once for each combination, later ones cost a small
/// hash lookup. Unknown verbs, kinds, subresources and codes are counted as "other".
class RequestMetrics {
 public:
  explicit RequestMetrics(Metrics& metrics) : metrics_(metrics) {}
  RequestMetrics(const RequestMetrics&) = delete;
  RequestMetrics& operator=(const RequestMetrics&) = delete;

  void finished(const FinishedRequest& request);
  /// What a filter kept and dropped (ListSummary), once a body.
  void filtered(std::string_view group, std::string_view resource, std::uint64_t kept,
                std::uint64_t dropped);

 private:
  static constexpr std::size_t kVerbSlots = 16;
  static constexpr std::size_t kScopes = 4;
  struct FilteredCounters {
    prometheus::Counter* kept = nullptr;
    prometheus::Counter* dropped = nullptr;
  };

  Metrics& metrics_;
  std::unordered_map<std::uint32_t, prometheus::Counter*> requests_;  ///< all labels
  std::unordered_map<std::size_t, FilteredCounters> filtered_;        ///< resource
  std::array<std::array<prometheus::Histogram*, kScopes>, kVerbSlots> durations_{};
};

}  // namespace postern::proxy
