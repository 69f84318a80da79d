#include "kube/result.h"
#include "proxy/access/api/access_api.h"
#include "proxy/access/state/session_table.h"
#include "proxy/session/admission.h"
#include "proxy/session/still_allowed.h"

#include <chrono>
#include <utility>

// The first of the steps of admission.h: who is it? The others are in admission.cc.
namespace postern::proxy {
namespace {

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() && http::iequals(text.substr(0, prefix.size()), prefix);
}

/// The client's own Impersonate-User and -Group; 403 for anything else of that family.
Result<rbac::ImpersonationChoice> impersonation_choice(const http::Fields& fields) {
  rbac::ImpersonationChoice choice;
  for (const http::Field& field : fields) {
    if (!starts_with_ignoring_case(field.name, "impersonate-")) {
      continue;
    }
    if (http::iequals(field.name, "impersonate-user")) {
      if (!field.value.empty()) {
        choice.user = std::string(field.value);
      }
    } else if (http::iequals(field.name, "impersonate-group")) {
      choice.groups.emplace_back(field.value);
    } else {
      return fail(
          kube::Status::forbidden("postern does not let clients set " + std::string(field.name) +
                                  "; only Impersonate-User and Impersonate-Group may choose "
                                  "among what your roles allow"));
    }
  }
  return choice;
}

/// nullptr: what is unknown here is unknown everywhere.
access::SessionSeeker* seeker_of(const WorkerState& state) {
  const access::api::AccessApi* api = state.shared().access_api;
  return api == nullptr ? nullptr : api->seeker;
}

void note_authentication_error(const WorkerState& state, AuthenticatorKind kind,
                               const ProxiedRequest& request) {
  Metrics& metrics = state.shared().metrics;
  metrics.authentication(kind, AuthenticationResult::kError);
  metrics.authentication_took(AuthenticationResult::kError, Clock::now() - request.started);
}

}  // namespace

Result<void> authenticate(WorkerState& state, ClientConnection& client, ProxiedRequest& request) {
  request.unreviewed_token.clear();
  request.unknown_session.clear();
  const bool may_seek = seeker_of(state) != nullptr && !request.session_was_sought;
  InForce now =
      in_force(state);  // before the credentials are looked at, or a change could be missed
  TokenReviewer* reviewer = state.token_reviewer();
  auto proved = state.authenticators()->authenticate(
      request.head.fields, client.stream().tls(),
      {.reviewed = reviewer == nullptr ? nullptr : &reviewer->known(),
       .why = &request.decision.explanation,
       .unreviewed = reviewer == nullptr ? nullptr : &request.unreviewed_token,
       .unknown_session = may_seek ? &request.unknown_session : nullptr});
  if (!request.unreviewed_token.empty() || !request.unknown_session.empty()) {
    return fail(kube::Status::unauthorized());
  }
  state.shared().metrics.authentication_took(
      proved ? AuthenticationResult::kSuccess : AuthenticationResult::kFailure,
      Clock::now() - request.started);
  if (!proved) {
    return fail(std::move(proved.error()));
  }
  request.in_force = std::move(now);
  auto choice = impersonation_choice(request.head.fields);
  if (choice) {
    request.choice = std::move(*choice);
    request.policy = request.in_force.policy;
    request.subject = state.subject(request.policy, *proved);
  }
  request.user = std::move(proved->user);
  request.session = std::move(proved->session);
  if (!choice) {
    return fail(std::move(choice.error()));
  }
  return {};
}

Result<void> require_fresh_grants(const WorkerState& state, const access::SessionEntry* session) {
  if (session == nullptr || session->grants.empty() ||
      state.shared().sessions.fresh(std::chrono::steady_clock::now())) {
    return {};
  }
  kube::Status status = kube::Status::unavailable(
      "the access that this session has assumed cannot be checked at the moment: postern does not "
      "hear from where access requests are kept");
  status.retry_after_seconds = 5;
  return fail(std::move(status));
}

Task<Result<void>> authenticate_by_seeking(WorkerState& state, ClientConnection& client,
                                           ProxiedRequest& request) {
  request.waited = true;
  auto sought = co_await seeker_of(state)->seek(state.worker(), request.unknown_session);
  if (!sought) {
    note_authentication_error(state, AuthenticatorKind::kSession, request);
    co_return fail(std::move(sought.error()));
  }
  request.session_was_sought = true;
  co_return authenticate(state, client, request);
}

Task<Result<void>> authenticate_by_review(WorkerState& state, ClientConnection& client,
                                          ProxiedRequest& request) {
  request.waited = true;
  // Two tokens at most come with a request; whoever needs more has cached verdicts end meanwhile.
  for (int turn = 0; turn < 3 && !request.unreviewed_token.empty(); ++turn) {
    auto reviewed = co_await state.token_reviewer()->review(request.unreviewed_token);
    if (!reviewed) {
      note_authentication_error(state, AuthenticatorKind::kTokenReview, request);
      co_return fail(std::move(reviewed.error()));
    }
    auto known = authenticate(state, client, request);
    if (request.unreviewed_token.empty()) {
      co_return known;
    }
  }
  co_return fail(kube::Status::unavailable("the token could not be reviewed in time"));
}

}  // namespace postern::proxy
