#include "proxy/session/worker_state.h"

#include "proxy/access/state/session_table.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace postern::proxy {
namespace {

// The parts are separated by a byte that no name may have, so that no two identities share a key.
std::string identity_key(const Authenticated& proved) {
  std::string key = proved.user.name;
  key += '\2';
  key += proved.user.kube_cluster;
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
                           const ClusterEndpoints& endpoints, const UpstreamTimeouts& timeouts,
                           Discovery& cluster_discovery, const UpstreamHooks& hooks)
    : identity(std::move(cluster_identity)),
      endpoint(endpoints.impersonating),
      pool(worker, endpoint, timeouts, hooks),
      discovery(cluster_discovery),
      catalog(cluster_discovery.catalog()) {
  if (endpoints.own != endpoints.impersonating) {
    separate_own_pool.emplace(worker, endpoints.own, timeouts, hooks);
  }
}

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

std::uint64_t WorkerState::withdrawn_tokens() const {
  return token_reviewer_ == nullptr ? 0 : token_reviewer_->known().withdrawals();
}

std::chrono::milliseconds WorkerState::review_interval() const {
  return shared_.token_review ? shared_.token_review->cache.ttl : std::chrono::hours(1);
}

void WorkerState::end_silent(std::chrono::milliseconds silence, std::size_t steps) {
  const auto latest = Clock::now() - silence;
  std::vector<ClientConnection*> silent;
  std::copy_if(idle_connections_.begin(), idle_connections_.end(), std::back_inserter(silent),
               [latest](const ClientConnection* idle) {
                 return !idle->gave_up_waiting() && idle->waiting_since() <= latest;
               });
  const std::size_t part = (silent.size() + steps - 1) / steps;
  for (std::size_t i = 0; i < part; ++i) {
    silent[i]->stop_waiting();
  }
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
    cluster->own_pool().close_idle(true);
  }
}

ClusterState& WorkerState::add_cluster(std::unique_ptr<ClusterState> cluster) {
  ClusterState& added = *cluster;
  const auto& review = shared_.token_review;
  if (review && review->rules.kube_cluster == added.identity.name) {
    token_reviewer_ =
        std::make_unique<TokenReviewer>(added.own_pool(), *review, shared_.log, &shared_.metrics);
  }
  clusters_.insert_or_assign(added.identity.name, std::move(cluster));
  return added;
}

ClusterState* WorkerState::cluster(std::string_view name) {
  const auto found = clusters_.find(name);
  return found == clusters_.end() ? nullptr : found->second.get();
}

}  // namespace postern::proxy
