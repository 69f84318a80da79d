#include "proxy/session/still_allowed.h"

#include "proxy/access/api/viewer.h"
#include "proxy/access/state/session_table.h"
#include "proxy/session/admission.h"

#include <chrono>
#include <utility>

// Tested by tests/e2e/test_late_revocation.py, tests/e2e/test_sessions.py
namespace postern::proxy {
namespace {

kube::Status has_changed() {
  kube::Status status = kube::Status::unavailable(
      "what you may do has changed while this request was on its way: send it again");
  status.retry_after_seconds = 1;
  return status;
}

/// Who the credentials prove now; 401 when it is not the same user any more.
Result<Authenticated> prove_again(WorkerState& state, ClientConnection& client,
                                  const ProxiedRequest& request) {
  TokenReviewer* reviewer = state.token_reviewer();
  std::string unreviewed;
  auto proved = state.authenticators()->authenticate(
      request.head.fields, client.stream().tls(),
      {.reviewed = reviewer == nullptr ? nullptr : &reviewer->known(),
       .unreviewed = reviewer == nullptr ? nullptr : &unreviewed});
  if (!unreviewed.empty()) {
    if (reviewer->known().refused_last(unreviewed)) {
      return fail(kube::Status::unauthorized());
    }
    // What was said of the token is old: it is asked about again. Until the answer comes, and while
    // the cluster cannot be asked, the old one holds: the stream is from that very cluster.
    reviewer->review_soon(std::move(unreviewed));
    return Authenticated{request.user, nullptr};
  }
  if (!proved || proved->user.name != request.user.name ||
      proved->user.kube_cluster != request.user.kube_cluster) {
    return fail(kube::Status::unauthorized());
  }
  return proved;
}

/// A watch of the access API: static roles decide, whatever the session has assumed.
Result<void> still_sees(WorkerState& state, const ProxiedRequest& request,
                        const Authenticated& proved) {
  const bool same =
      proved.user.groups == request.user.groups &&
      access::api::same_view(*request.policy, *state.policy(), request.user, request.info.resource);
  return same ? Result<void>() : fail(has_changed());
}

Result<void> still_given(WorkerState& state, const ProxiedRequest& request,
                         const Authenticated& proved) {
  if (auto fresh = require_fresh_grants(state, proved.session.get()); !fresh) {
    return fresh;
  }
  const auto policy = state.policy();
  if (policy == request.policy && proved.user.groups == request.user.groups &&
      proved.session == request.session) {
    return {};
  }
  const auto subject = state.subject(policy, proved);
  if (subject->fingerprint() == request.subject->fingerprint()) {
    return {};
  }
  const rbac::Decision now =
      rbac::authorize(*policy, *subject, request.cluster->identity, request.attributes(),
                      request.choice, std::chrono::system_clock::now());
  if (now.verdict == rbac::Verdict::kDeny) {
    return fail(now.status);
  }
  // What a filter lets through cannot be compared, so a filtered view ends with its roles.
  const bool same = now.verdict == rbac::Verdict::kAllow &&
                    request.decision.verdict == now.verdict &&
                    now.shares.front().principals == request.principals() &&
                    now.may_read == request.decision.may_read;
  return same ? Result<void>() : fail(has_changed());
}

}  // namespace

InForce in_force(WorkerState& state) {
  return {state.policy(), state.authenticators(), state.shared().sessions.version(),
          state.withdrawn_tokens()};
}

Result<void> still_authenticated(WorkerState& state, ClientConnection& client,
                                 const ProxiedRequest& request) {
  if (in_force(state) == request.in_force) {
    return {};
  }
  const auto proved = prove_again(state, client, request);
  return proved ? Result<void>() : fail(proved.error());
}

Result<void> still_allowed(WorkerState& state, ClientConnection& client,
                           const ProxiedRequest& request) {
  const auto proved = prove_again(state, client, request);
  if (!proved) {
    return fail(proved.error());
  }
  return request.cluster == nullptr ? still_sees(state, request, *proved)
                                    : still_given(state, request, *proved);
}

Result<void> still_allowed_now(WorkerState& state, ClientConnection& client,
                               ProxiedRequest& request) {
  if (request.decision.expires_at &&
      std::chrono::system_clock::now() >= *request.decision.expires_at) {
    return fail(kube::Status::forbidden("the access that this request rests on has ended"));
  }
  InForce now = in_force(state);
  if (now == request.in_force && require_fresh_grants(state, request.session.get())) {
    return {};
  }
  auto still = still_allowed(state, client, request);
  if (still) {
    request.in_force = std::move(now);
  }
  return still;
}

}  // namespace postern::proxy
