#include "proxy/session/admission.h"

#include "kube/media_type.h"
#include "kube/resolve_resource.h"
#include "proxy/access/api/access_api.h"
#include "proxy/access/state/session_table.h"
#include "proxy/observe/cluster_metrics.h"
#include "proxy/session/route.h"
#include "proxy/session/still_allowed.h"
#include "proxy/upstream/cluster_endpoint.h"

#include <chrono>
#include <utility>

namespace postern::proxy {
namespace {

kube::Status unknown_cluster() {
  // The same words whether the cluster does not exist or may not be seen.
  return kube::Status::not_found("the server could not find the requested resource");
}

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

bool may_upgrade(const kube::RequestInfo& info) {
  return info.subresource == "exec" || info.subresource == "attach" ||
         info.subresource == "portforward" || info.subresource == "proxy";
}

Result<void> read_upgrade(ProxiedRequest& request) {
  if (!request.head.upgrade) {
    return {};
  }
  // SPDY clients say `Content-Length: 0`.
  const bool has_body =
      request.head.framing == http::Framing::kChunked || request.head.content_length > 0;
  if (!may_upgrade(request.info) || has_body) {
    return fail(kube::Status::forbidden(
        "only exec, attach, port-forward and proxy may switch protocols, without a request body"));
  }
  auto upgrade = parse_upgrade(request.head);
  if (!upgrade) {
    return fail(std::move(upgrade.error()));
  }
  request.upgrade = std::move(*upgrade);
  return {};
}

/// The body of a write, whole and decoded far enough for the decision.
Task<Result<void>> read_facts(ClientConnection& client, ProxiedRequest& request) {
  if (request.head.fields.get("content-encoding")) {
    co_return fail(
        kube::Status::unsupported_media_type("compressed request bodies are not supported"));
  }
  const auto encoding = kube::body_encoding(request.head.fields.get("content-type").value_or(""));
  if (!encoding) {
    co_return fail(encoding.error());
  }
  request.waited = true;
  co_await client.admit_body();
  auto body = co_await client.read_body();
  if (!body) {
    co_return fail(std::move(body.error()));
  }
  auto facts = kube::read_body_facts(*encoding, *body);
  if (!facts) {
    co_return fail(std::move(facts.error()));
  }
  request.body = std::move(*body);
  request.facts = std::move(*facts);
  co_return Result<void>();
}

Result<void> check_body_namespace(const ProxiedRequest& request) {
  const std::string& in_body = request.facts->namespace_;
  if (!in_body.empty() && in_body != request.info.namespace_) {
    return fail(kube::Status::bad_request(
        "the namespace of the provided object does not match the namespace sent on the request"));
  }
  return {};
}

bool is_blind_json_patch(const ProxiedRequest& request) {
  return !request.decision.may_read && request.patch_type == "application/json-patch+json";
}

/// JSON Patch can read what it must not: a `test` tells by its outcome, `copy` and `move` carry
/// values.
Task<Result<void>> check_blind_patch(ClientConnection& client, ProxiedRequest& request) {
  if (!request.body) {
    request.waited = true;
    co_await client.admit_body();
    auto body = co_await client.read_body();
    if (!body) {
      co_return fail(std::move(body.error()));
    }
    request.body = std::move(*body);
  }
  const auto operations = kube::json_patch_operations(*request.body);
  if (!operations) {
    co_return fail(operations.error());
  }
  for (const std::string& operation : *operations) {
    if (operation != "add" && operation != "remove" && operation != "replace") {
      co_return fail(kube::Status::forbidden("the JSON Patch operation \"" + operation +
                                             "\" needs the verb get on the object"));
    }
  }
  co_return Result<void>();
}

rbac::Decision authorize_now(const ProxiedRequest& request) {
  return rbac::authorize(*request.policy, *request.subject, request.cluster->identity,
                         request.attributes(), request.choice, std::chrono::system_clock::now());
}

DecisionLabel label_of(rbac::Verdict verdict) {
  switch (verdict) {
    case rbac::Verdict::kAllow:
      return DecisionLabel::kAllow;
    case rbac::Verdict::kAllowFiltered:
      return DecisionLabel::kAllowFiltered;
    case rbac::Verdict::kDeny:
      break;
  }
  return DecisionLabel::kDeny;
}

/// What is left of the decision when the last word of rbac is there.
Result<void> settle_decision(WorkerState& state, ProxiedRequest& request) {
  state.shared().metrics.authorization(label_of(request.decision.verdict));
  if (request.decision.verdict == rbac::Verdict::kDeny) {
    return fail(request.decision.status);
  }
  if (auto upgrade = read_upgrade(request); !upgrade) {
    state.shared().metrics.protocol_error(ProtocolError::kUpgrade);
    return fail(std::move(upgrade.error()));
  }
  return {};
}

/// nullopt for a kind that the catalog does not have: there may be a newer one.
Settled settle_kind(ProxiedRequest& request, const kube::ResolvedResource& resolved) {
  if (resolved.resolution == kube::Resolution::kUnknown) {
    return std::nullopt;
  }
  if (resolved.resolution != kube::Resolution::kKnown) {
    return fail(kube::resolution_status(resolved.resolution, request.info));
  }
  request.resource = resolved.resource;
  return Result<void>();
}

/// What the cluster is asked to answer with.
Result<void> plan_answer(ProxiedRequest& request) {
  if (may_upgrade(request.info)) {
    // What a container or a port answers has no media type that the API server could negotiate: it
    // answers 406 to anything more exact.
    request.accept.upstream_accept = "*/*";
    return {};
  }
  auto accept = kube::plan_accept(request.head.fields.get("accept").value_or(""),
                                  {.filtered = request.filtered(),
                                   .watch = request.is_watch(),
                                   .needs_object = request.decision.by_event_references},
                                  request.info.query);
  if (!accept) {
    return fail(std::move(accept.error()));
  }
  request.accept = std::move(*accept);
  return {};
}

/// Waiting for an API server that answers nobody would only cost the client its patience.
Result<void> check_answers(const ClusterState& cluster) {
  if (!cluster.endpoint->health().silent()) {
    return {};
  }
  if (ClusterMetrics* const metrics = cluster.pool.hooks().metrics) {
    metrics->refused();
  }
  auto status = kube::Status::unavailable("the cluster's API server does not answer at the moment");
  status.retry_after_seconds = 1;
  return fail(std::move(status));
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

kube::ResourceAttributes ProxiedRequest::attributes() const {
  return {cluster->identity.name, info, resource, facts ? &*facts : nullptr, patch_type};
}

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

Result<void> find_cluster(WorkerState& state, ProxiedRequest& request) {
  if (auto fresh = require_fresh_grants(state, request.session.get()); !fresh) {
    return fresh;
  }
  const Route route = route_of(request.head.target, state.shared().default_cluster);
  if (!route.cluster.empty() && !may_name_cluster(route.cluster)) {
    state.shared().metrics.protocol_error(ProtocolError::kBadTarget);
    return fail(kube::Status::bad_request("the path does not name a cluster"));
  }
  auto info = kube::parse_request_info(request.head.method, route.target);
  if (!info) {
    state.shared().metrics.protocol_error(ProtocolError::kBadTarget);
    return fail(std::move(info.error()));
  }
  request.info = std::move(*info);
  request.cluster = state.cluster(route.cluster);
  if (request.cluster == nullptr ||
      !rbac::cluster_visible(*request.policy, *request.subject, request.cluster->identity)) {
    return fail(unknown_cluster());
  }
  return check_answers(*request.cluster);
}

Settled resolve_kind_now(ProxiedRequest& request) {
  if (!request.info.is_resource_request) {
    return Result<void>();
  }
  request.catalog = request.cluster->catalog.get();
  if (!request.catalog) {
    return fail(kube::Status::unavailable("the cluster's kinds have not been discovered yet"));
  }
  return settle_kind(request, kube::resolve_resource(*request.catalog, request.info));
}

Task<Result<void>> resolve_kind(WorkerState& state, ProxiedRequest& request) {
  if (auto settled = resolve_kind_now(request)) {
    co_return std::move(*settled);
  }
  request.waited = true;
  request.catalog = co_await request.cluster->discovery.refresh_kind(
      state.worker(), request.info.api_group, request.info.api_version);
  const auto resolved = kube::resolve_resource(*request.catalog, request.info);
  if (auto settled = settle_kind(request, resolved)) {
    co_return std::move(*settled);
  }
  co_return fail(kube::resolution_status(resolved.resolution, request.info));
}

Settled decide_now(WorkerState& state, ProxiedRequest& request) {
  if (request.info.verb == "patch") {
    auto type = kube::patch_media_type(request.head.fields.get("content-type").value_or(""));
    if (!type) {
      return fail(std::move(type.error()));
    }
    request.patch_type = std::move(*type);
  }
  request.decision = authorize_now(request);
  if (request.decision.needs_body) {
    return std::nullopt;
  }
  auto settled = settle_decision(state, request);
  if (settled && is_blind_json_patch(request)) {
    return std::nullopt;
  }
  return settled;
}

Task<Result<void>> decide_by_body(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request) {
  if (request.decision.needs_body) {
    auto read = co_await read_facts(client, request);
    if (!read) {
      co_return fail(std::move(read.error()));
    }
    if (auto same = check_body_namespace(request); !same) {
      co_return fail(std::move(same.error()));
    }
    request.decision = authorize_now(request);
    if (auto settled = settle_decision(state, request); !settled) {
      co_return fail(std::move(settled.error()));
    }
  }
  if (is_blind_json_patch(request)) {
    co_return co_await check_blind_patch(client, request);
  }
  co_return Result<void>();
}

Result<void> decide_read(WorkerState& state, ProxiedRequest& request) {
  request.decision = authorize_now(request);
  state.shared().metrics.authorization(label_of(request.decision.verdict));
  if (request.decision.verdict == rbac::Verdict::kDeny) {
    return fail(request.decision.status);
  }
  return {};
}

Settled choose_principals_now(ProxiedRequest& request) {
  const std::vector<rbac::Share>& shares = request.decision.shares;
  if (shares.size() > 1) {
    return std::nullopt;
  }
  if (shares.empty()) {
    return fail(request.decision.status);
  }
  request.shares.push_back(0);
  return plan_answer(request);
}

Task<Result<void>> choose_principals(WorkerState&, ProxiedRequest& request) {
  if (auto settled = choose_principals_now(request)) {
    co_return std::move(*settled);
  }
  request.waited = true;
  const std::vector<rbac::Share>& shares = request.decision.shares;
  for (std::size_t i = 0; i < shares.size(); ++i) {
    auto allowed = co_await request.cluster->access_check.allowed(
        request.cluster->pool, shares[i].principals, shares[i].grant, request.info);
    if (!allowed) {
      co_return fail(std::move(allowed.error()));
    }
    if (*allowed) {
      request.shares.push_back(i);
    }
  }
  if (request.shares.empty()) {
    co_return fail(request.decision.status);
  }
  co_return plan_answer(request);
}

}  // namespace postern::proxy
