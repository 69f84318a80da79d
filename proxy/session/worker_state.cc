#include "proxy/session/worker_state.h"

#include "proxy/access/state/session_table.h"

#include <utility>

namespace postern::proxy {
namespace {

// The parts are separated by a byte that no name may have, so that no two identities share a key.
std::string identity_key(const Authenticated& proved) {
  std::string key = proved.user.name;
  for (const std::string& group : proved.user.groups) {
    key += '\0';
    key += group;
  }
  if (proved.session != nullptr && !proved.session->grants.empty()) {
    key += '\1';
    key += std::to_string(proved.session->generation);
  }
  return key;
}

/// In a session that has assumed something, only that gives anything.
std::shared_ptr<const rbac::Subject> make_subject(const rbac::Policy& policy,
                                                  const Authenticated& proved) {
  return proved.session == nullptr ? policy.subject(proved.user)
                                   : policy.subject(proved.user, proved.session->grants);
}

}  // namespace

ClusterState::ClusterState(Worker& worker, rbac::Cluster cluster_identity,
                           std::shared_ptr<const ClusterEndpoint> cluster_endpoint,
                           const UpstreamTimeouts& timeouts, Discovery& cluster_discovery,
                           const UpstreamHooks& hooks)
    : identity(std::move(cluster_identity)),
      endpoint(std::move(cluster_endpoint)),
      pool(worker, endpoint, timeouts, hooks),
      discovery(cluster_discovery),
      catalog(cluster_discovery.catalog()) {}

WorkerState::WorkerState(Worker& worker, const SharedState& shared)
    : worker_(worker),
      shared_(shared),
      request_metrics_(shared.metrics),
      policy_(shared.policy),
      authenticators_(shared.authenticators) {
  if (shared.audit != nullptr) audit_policy_.emplace(shared.audit->policy);
}

std::shared_ptr<const rbac::Subject> WorkerState::subject(
    const std::shared_ptr<const rbac::Policy>& policy, const Authenticated& proved) {
  if (subjects_policy_ != policy || subjects_.size() >= kMaxSubjects) {
    subjects_.clear();
    subjects_policy_ = policy;
  }
  auto [entry, is_new] = subjects_.try_emplace(identity_key(proved));
  if (is_new) {
    entry->second = make_subject(*policy, proved);
  }
  return entry->second;
}

void WorkerState::hand_over() {
  handed_over_ = true;
  for (ClientConnection* idle : idle_connections_) {
    idle->stop_waiting();  // their sessions only notice when this returns
  }
}

void WorkerState::close_pools() {
  for (const auto& [name, cluster] : clusters_) {
    cluster->pool.close_idle(true);
  }
}

ClusterState& WorkerState::add_cluster(std::unique_ptr<ClusterState> cluster) {
  ClusterState& added = *cluster;
  clusters_.insert_or_assign(added.identity.name, std::move(cluster));
  return added;
}

ClusterState* WorkerState::cluster(std::string_view name) {
  const auto found = clusters_.find(name);
  return found == clusters_.end() ? nullptr : found->second.get();
}

}  // namespace postern::proxy
