#pragma once

#include "kube/accept.h"
#include "kube/api_catalog.h"
#include "kube/object_meta.h"
#include "kube/request_info.h"
#include "proxy/http/message.h"
#include "proxy/net/task.h"
#include "proxy/observe/metrics.h"
#include "proxy/session/body_memory.h"
#include "proxy/session/request_audit.h"
#include "proxy/upstream/upgrade.h"
#include "rbac/authorize.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern::proxy {

struct ClusterState;
class WorkerState;
class AuthenticatorUnion;
namespace access {
struct SessionEntry;  // proxy/access/state/session_table.h
}

/// What a decision rests on beside the request itself: while it is the same, so is the decision.
struct InForce {
  std::shared_ptr<const rbac::Policy> policy;
  std::shared_ptr<const AuthenticatorUnion> authenticators;
  std::uint64_t sessions = 0;          ///< access::SessionTable::version()
  std::uint64_t withdrawn_tokens = 0;  ///< WorkerState::withdrawn_tokens()

  bool operator==(const InForce&) const = default;
};

/// The outcome of a step's part that needs no wait; nullopt: the step has to wait, in its
/// coroutine. A request that waits for nothing is spared the coroutines of most steps.
using Settled = std::optional<Result<void>>;

/// Everything that is known of one request while it is on its way. Filled from top to bottom by the
/// steps of Session::serve(); what a step needs, the steps before it have filled.
struct ProxiedRequest {
  explicit ProxiedRequest(http::RequestHead request_head)
      : head(std::move(request_head)),
        started(Clock::now()),
        received(std::chrono::system_clock::now()) {}

  http::RequestHead head;
  const WorkerState* worker = nullptr;  ///< on which it is served, for whether that drains
  Clock::time_point started;
  std::chrono::system_clock::time_point received;  ///< the same moment by the wall clock
  std::string audit_id;  ///< of this request, here and in the API server's log

  // Who is it?
  std::string unreviewed_token;     ///< a cluster has to be asked about it first
  std::string unknown_session;      ///< it has to be looked for at other replicas first
  bool session_was_sought = false;  ///< that has been done
  rbac::UserInfo user;
  std::shared_ptr<const access::SessionEntry> session;  ///< nullptr for another credential
  rbac::ImpersonationChoice choice;
  std::shared_ptr<const rbac::Policy> policy;
  std::shared_ptr<const rbac::Subject> subject;
  InForce in_force;  ///< when that was found out

  // What is it?
  ClusterState* cluster = nullptr;
  kube::RequestInfo info;
  std::shared_ptr<const kube::ApiCatalog> catalog;
  const kube::ApiResource* resource = nullptr;  ///< in `catalog`; nullptr for non-resource requests
  std::string patch_type;
  std::optional<Upgrade> upgrade;
  /// The whole body, where it had to be read before the decision; else it streams.
  std::optional<std::string> body;
  std::optional<BodyHold> body_hold;  ///< for a body that was read whole, see whole_body.h
  std::optional<kube::BodyFacts> facts;

  // May it, and in whose name?
  rbac::Decision decision;
  std::vector<std::size_t> shares;  ///< of decision.shares: those that the answer is filtered by
  kube::AcceptPlan accept;

  // How it goes.
  GaugeHold inflight;
  /// It waited for something before it was decided, so that its time says nothing about postern.
  bool waited = false;
  /// Whose fault it is when it fails; what is left alone went well.
  RequestOutcome outcome = RequestOutcome::kOk;
  /// Why the answer was cut, where that is known better than by its Status.
  std::optional<CutReason> cut;
  /// The status code of the answer, 0 before there is one.
  unsigned code = 0;
  /// The first byte of the answer has left: an error can only cut the connection.
  bool answer_started = false;
  RequestAudit audit;
  /// The answer, or what is left of it: to be awaited when everything that led to it has ended, so
  /// that of a watch nothing is kept but what serves it.
  std::optional<Task<Result<void>>> rest;

  /// The principals of the call upstream.
  const rbac::Principals& principals() const {
    return decision.shares.at(shares.front()).principals;
  }
  /// The access request that those principals come from; "" for static roles.
  const std::string& grant() const { return decision.shares.at(shares.front()).grant; }
  bool filtered() const { return decision.verdict == rbac::Verdict::kAllowFiltered; }
  bool is_watch() const { return info.is_resource_request && info.verb == "watch"; }
  /// The cluster's answer becomes a part of postern's own (merged_discovery.h).
  bool merges_answer = false;
  /// postern reads the answer's body itself, instead of passing it on as it comes.
  bool answer_is_read() const { return filtered() || !decision.may_read || merges_answer; }
  bool follows_log() const { return info.subresource == "log" && info.query.get_bool("follow"); }
  kube::ResourceAttributes attributes() const;
};

}  // namespace postern::proxy
