#pragma once

#include "proxy/audit/audit_log.h"
#include "proxy/authn/authenticator.h"
#include "proxy/crypto/continue_token.h"
#include "proxy/net/snapshot.h"
#include "proxy/net/worker.h"
#include "proxy/observe/log.h"
#include "proxy/observe/request_metrics.h"
#include "proxy/session/body_memory.h"
#include "proxy/session/client_connection.h"
#include "proxy/session/live_streams.h"
#include "proxy/session/memory_budget.h"
#include "proxy/session/token_reviewer.h"
#include "proxy/session/yaml_thread.h"
#include "proxy/upstream/access_check.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/discovery.h"
#include "proxy/upstream/upstream.h"
#include "rbac/authorize.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace postern::proxy {

namespace access {
class SessionTable;
namespace api {
struct AccessApi;  // proxy/access/api/access_api.h
}
}  // namespace access

/// What one worker keeps of one kube cluster.
struct ClusterState {
  ClusterState(Worker& worker, rbac::Cluster cluster_identity, const ClusterEndpoints& endpoints,
               const UpstreamTimeouts& timeouts, Discovery& cluster_discovery,
               const UpstreamHooks& hooks);

  /// For calls with postern's own rights; the same as `pool` where one credential serves for both.
  UpstreamPool& own_pool() { return separate_own_pool ? *separate_own_pool : pool; }

  rbac::Cluster identity;
  std::shared_ptr<const ClusterEndpoint> endpoint;  ///< for calls in users' names
  UpstreamPool pool;                                ///< to it
  std::optional<UpstreamPool> separate_own_pool;
  AccessCheck access_check;
  Discovery& discovery;
  SnapshotReader<kube::ApiCatalog> catalog;
};

/// What all workers read: made at start, changed only through snapshots.
struct SharedState {
  ClientLimits limits;
  UpstreamTimeouts upstream_timeouts;
  std::size_t filter_item_bytes = 4 * 1024 * 1024;  ///< FilterOptions::max_undecided_bytes
  std::string default_cluster;                      ///< "": every request must name one
  const ContinueSealer& sealer;
  const Snapshot<rbac::Policy>& policy;
  const Snapshot<AuthenticatorUnion>& authenticators;
  /// Sessions in force: whoever is in one is asked again when it changes.
  const access::SessionTable& sessions;
  Metrics& metrics;
  Log& log;
  MemoryBudget& delete_memory;  ///< what deletecollections may hold of lists
  BodyMemory& body_memory;      ///< what may be held of bodies
  YamlThread& yaml_thread;      ///< reads what would keep a worker for too long
  /// `authentication.tokenReview`; nullopt: no token is reviewed.
  std::optional<TokenReviewer::Options> token_review;
  std::vector<std::string> loopback_hosts;  ///< names of the plain listener beside loopback's own
  /// The access API; nullptr: there is none, and its paths are 404.
  const access::api::AccessApi* access_api = nullptr;
  /// nullptr: nothing is audited.
  const audit::AuditLog* audit = nullptr;
};

/// Everything that the sessions of one worker share. Used on that worker's thread only.
class WorkerState {
 public:
  WorkerState(Worker& worker, const SharedState& shared);

  Worker& worker() { return worker_; }
  const SharedState& shared() const { return shared_; }
  RequestMetrics& request_metrics() { return request_metrics_; }
  LiveStreams& live_streams() { return live_streams_; }

  std::shared_ptr<const rbac::Policy> policy() { return policy_.get(); }
  std::shared_ptr<const AuthenticatorUnion> authenticators() { return authenticators_.get(); }
  /// Only while there is an audit log.
  const audit::Policy& audit_policy() { return *audit_policy_->get(); }  // NOLINT
  /// nullptr: no token is reviewed.
  TokenReviewer* token_reviewer() { return token_reviewer_.get(); }
  bool reviews_tokens() const { return token_reviewer_ != nullptr; }
  /// Grows when a token that was accepted is accepted no more.
  std::uint64_t withdrawn_tokens() const;
  /// How often the tokens of open streams are to be reviewed again.
  std::chrono::milliseconds review_interval() const;
  /// The subject of this user, in this session, under this policy; compiled once and kept until
  /// the policy or what the session has assumed changes.
  std::shared_ptr<const rbac::Subject> subject(const std::shared_ptr<const rbac::Policy>& policy,
                                               const Authenticated& proved);

  ClusterState& add_cluster(std::unique_ptr<ClusterState> cluster);
  /// nullptr where the configuration has no such cluster.
  ClusterState* cluster(std::string_view name);

  /// From now on answers say that the connection ends (`Connection: close`). Those whose client was
  /// promised another request still wait for it: whatever the client sends is answered.
  void start_drain() { draining_ = true; }
  bool draining() const { return draining_; }
  /// A step of a drain: ends the `steps`th part of the connections that have waited for a request
  /// for `silence` or longer. In the last step (1) all of them.
  void end_silent(std::chrono::milliseconds silence, std::size_t steps);
  /// The clients have had their time to come and be told: connections that wait for a request end.
  void hand_over();
  bool handed_over() const { return handed_over_; }
  /// Closes the idle connections to the API servers; the last thing before the loop ends.
  void close_pools();
  /// Connections that wait for a request, for end_silent() and hand_over().
  std::set<ClientConnection*>& idle_connections() { return idle_connections_; }

 private:
  static constexpr std::size_t kMaxSubjects = 4096;

  Worker& worker_;
  const SharedState& shared_;
  RequestMetrics request_metrics_;
  LiveStreams live_streams_;
  SnapshotReader<rbac::Policy> policy_;
  SnapshotReader<AuthenticatorUnion> authenticators_;
  std::optional<SnapshotReader<audit::Policy>> audit_policy_;
  std::map<std::string, std::unique_ptr<ClusterState>, std::less<>> clusters_;
  std::unique_ptr<TokenReviewer> token_reviewer_;
  std::shared_ptr<const rbac::Policy> subjects_policy_;
  std::unordered_map<std::string, std::shared_ptr<const rbac::Subject>> subjects_;
  std::set<ClientConnection*> idle_connections_;
  bool draining_ = false;
  bool handed_over_ = false;
};

}  // namespace postern::proxy
