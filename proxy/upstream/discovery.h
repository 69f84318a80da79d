#pragma once

#include "kube/api_catalog.h"
#include "proxy/net/snapshot.h"
#include "proxy/net/task.h"
#include "proxy/upstream/upstream.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace postern::proxy {

/// Which cluster it is that answers.
struct ClusterIdentity {
  /// Of its namespace `kube-system`: another cluster under the same name has another one. "" while
  /// nobody has read it, and when postern may not.
  std::string uid;
  std::string version;  ///< its API server's, "v1.34.1"

  friend bool operator==(const ClusterIdentity&, const ClusterIdentity&) = default;
};
/// How often a cluster is asked for its kinds.
struct DiscoveryOptions {
  std::string cluster;  ///< its name in the configuration, for metrics and logs
  std::chrono::milliseconds interval{60000};  ///< between whole refreshes, ± 10 %
  std::chrono::milliseconds first_retry{
      500};  ///< until the first success, doubled up to `interval`
  /// Targeted refreshes: at most `targeted_burst` at once and one more each `targeted_gap`; a group
  /// version that turned out unknown is not asked for again for `negative_ttl`.
  std::size_t targeted_burst = 10;
  std::chrono::milliseconds targeted_gap{1000};
  std::chrono::milliseconds negative_ttl{5000};
  std::size_t max_bytes = 64UL << 20U;  ///< of one document
  UpstreamHooks hooks;
  /// Called on the worker's thread after each whole refresh.
  std::function<void()> on_change;
};

/// Knows which kinds a cluster serves: fetches its discovery documents on one worker and publishes
/// them as immutable catalogues, which any thread may read.
///
/// A whole refresh asks for the aggregated documents (KEP-3352, v2 or v2beta1) on /api and /apis
/// and falls back to one document per group version where the server has none. One that fails
/// altogether leaves the catalogue as it is, and is counted and logged. A group version that alone
/// cannot be read (a broken aggregated API) becomes stale: what was known of it before is
/// forgotten, and requests for its kinds are answered 503 (fail closed: its server could not have
/// answered them either), while all others go on.
class Discovery {
 public:
  struct Counters {
    std::uint64_t refreshed = 0;  ///< whole refreshes that led to a current catalogue
    std::uint64_t failed = 0;
    std::uint64_t targeted = 0;    ///< targeted calls made
    std::uint64_t suppressed = 0;  ///< targeted refreshes refused by the rate limit
  };

  /// `worker` runs the refreshes and must outlive this object.
  Discovery(Worker& worker, std::shared_ptr<const ClusterEndpoint> endpoint,
            UpstreamTimeouts timeouts, DiscoveryOptions options);
  /// After stop(), and only when the worker's loop no longer runs or on its thread.
  ~Discovery();
  Discovery(const Discovery&) = delete;
  Discovery& operator=(const Discovery&) = delete;

  /// Starts refreshing, on the worker's thread; any thread may call it.
  void start();
  /// Ends the pause before the next whole refresh: the cluster is there again, say. Any thread.
  void refresh_soon();
  /// Ends refreshing soon; waiting targeted refreshes end with the catalogue that is there. Any
  /// thread.
  void stop();

  /// The catalogue; nullptr in it before the first success: every resource request is 503 then. Any
  /// thread.
  const Snapshot<kube::ApiCatalog>& catalog() const;
  /// Read before the first catalogue is published, and again with each refresh; stays as it was
  /// when the cluster does not answer. nullptr in it before the first success. Any thread.
  const Snapshot<ClusterIdentity>& identity() const;
  /// Whether a whole refresh has succeeded once. Any thread.
  bool ready() const;
  Counters counters() const;

  /// One targeted refresh of a group version that the catalogue does not know, is stale in, or that
  /// lacks a kind; identical ones share a call, and the limits of the options hold. Completes on
  /// the thread of `caller`, which is the worker that runs the calling coroutine, with the
  /// catalogue as it is then (nullptr before the first success): look the kind up again in it.
  Task<std::shared_ptr<const kube::ApiCatalog>> refresh_kind(Worker& caller, std::string group,
                                                             std::string version);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace postern::proxy
