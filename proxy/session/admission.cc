#include "proxy/session/admission.h"

#include "kube/media_type.h"
#include "kube/resolve_resource.h"
#include "proxy/observe/cluster_metrics.h"
#include "proxy/session/route.h"
#include "proxy/session/whole_body.h"
#include "proxy/upstream/cluster_endpoint.h"

#include <chrono>
#include <memory>
#include <utility>

// The steps behind authentication, which is in admission_authenticate.cc.
namespace postern::proxy {
namespace {

kube::Status unknown_cluster() {
  // The same words whether the cluster does not exist or may not be seen.
  return kube::Status::not_found("the server could not find the requested resource");
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

/// What the decision needs of the body. Large YAML is read elsewhere.
Task<Result<kube::BodyFacts>> facts_of_body(WorkerState& state, ProxiedRequest& request,
                                            kube::BodyEncoding encoding) {
  // What kubectl calls YAML, when it applies at the server, is JSON.
  const bool slow =
      encoding == kube::BodyEncoding::kYaml && request.body->size() >= YamlThread::kLarge;
  auto facts = kube::read_body_facts(slow ? kube::BodyEncoding::kJson : encoding, *request.body);
  if (slow && !facts) {
    const auto shared = std::make_shared<std::string>(std::move(*request.body));
    facts = co_await state.shared().yaml_thread.read(state.worker(), shared);
    request.body = std::move(*shared);
  }
  co_return facts;
}

/// The body of a write, whole and decoded far enough for the decision.
Task<Result<void>> read_facts(WorkerState& state, ClientConnection& client,
                              ProxiedRequest& request) {
  const auto encoding = co_await take_object_body(state, client, request);
  if (!encoding) {
    co_return fail(encoding.error());
  }
  auto facts = co_await facts_of_body(state, request, *encoding);
  if (!facts) {
    co_return fail(std::move(facts.error()));
  }
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
Task<Result<void>> check_blind_patch(WorkerState& state, ClientConnection& client,
                                     ProxiedRequest& request) {
  auto taken = co_await take_body(state, client, request);
  if (!taken) {
    co_return taken;
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

}  // namespace

kube::ResourceAttributes ProxiedRequest::attributes() const {
  return {cluster->identity.name, info, resource, facts ? &*facts : nullptr, patch_type};
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
  if (request.cluster == nullptr) {
    request.decision.explanation = "there is no such cluster";
    return fail(unknown_cluster());
  }
  if (!rbac::cluster_visible(*request.policy, *request.subject, request.cluster->identity)) {
    request.decision.explanation =
        "none of the user's roles, nor of those that it may ask for, is for this cluster";
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
    auto read = co_await read_facts(state, client, request);
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
    co_return co_await check_blind_patch(state, client, request);
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
