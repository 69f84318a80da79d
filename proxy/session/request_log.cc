#include "proxy/session/request_log.h"

#include "kube/text.h"
#include "proxy/access/state/session_table.h"
#include "proxy/session/worker_state.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace postern::proxy {
namespace {

RequestScope scope_of(const kube::RequestInfo& info) {
  if (!info.is_resource_request) return RequestScope::kNone;
  if (!info.name.empty()) return RequestScope::kResource;
  return info.namespace_.empty() ? RequestScope::kCluster : RequestScope::kNamespace;
}

bool is_long_running(const ProxiedRequest& request) {
  return request.is_watch() || request.follows_log() || request.upgrade.has_value();
}

CutReason cut_reason(const ProxiedRequest& request, const kube::Status& status) {
  if (request.cut) return *request.cut;
  if (status.code == 504) return CutReason::kStalled;
  return status.code >= 500 ? CutReason::kUpstream : CutReason::kClientGone;
}

RequestOutcome outcome_of(CutReason reason) {
  switch (reason) {
    case CutReason::kUpstream:
    case CutReason::kStalled:
      return RequestOutcome::kUpstreamError;
    case CutReason::kFilter:
    case CutReason::kBug:
      return RequestOutcome::kError;
    case CutReason::kClientGone:
    case CutReason::kGrantEnded:
    case CutReason::kShutdown:
      break;
  }
  return RequestOutcome::kOk;
}

/// As the label of postern_responses_cut_total.
constexpr std::string_view cut_name(CutReason reason) {
  switch (reason) {
    case CutReason::kUpstream:
      return "upstream";
    case CutReason::kFilter:
      return "filter";
    case CutReason::kClientGone:
      return "client_gone";
    case CutReason::kStalled:
      return "stalled";
    case CutReason::kGrantEnded:
      return "grant_ended";
    case CutReason::kShutdown:
      return "shutdown";
    case CutReason::kBug:
      return "bug";
  }
  return "bug";
}

std::string_view cluster_of(const ProxiedRequest& request) {
  return request.cluster == nullptr ? std::string_view() : request.cluster->identity.name;
}

/// What postern itself has ended came to its end by a connection that broke off.
std::string_view words_of_cut(CutReason reason, const kube::Status& status) {
  if (reason == CutReason::kGrantEnded) return "the access that it rested on has ended";
  if (reason == CutReason::kShutdown) return "postern is going down";
  return status.message;
}

/// As in audit events: of a request that was refused before its path was read, its method.
std::string verb_of(const ProxiedRequest& request) {
  return request.info.verb.empty() ? kube::ascii_lower(request.head.method) : request.info.verb;
}

/// Without the query. What nobody has vouched for is kept short.
std::string_view path_of(const ProxiedRequest& request) {
  constexpr std::size_t kMostOfRawTarget = 256;
  if (!request.info.path.empty()) return request.info.path;
  const std::string_view target = request.head.target;
  return target.substr(0, std::min(target.find('?'), kMostOfRawTarget));
}

}  // namespace

void note_end_of_stream(ProxiedRequest& request) {
  if (request.cut) request.audit.cut = cut_name(*request.cut);
}

void count_request(WorkerState& state, const ProxiedRequest& request) {
  state.request_metrics().finished({.verb = request.info.verb,
                                    .group = request.info.api_group,
                                    .resource = request.info.resource,
                                    .subresource = request.info.subresource,
                                    .scope = scope_of(request.info),
                                    .code = request.code,
                                    .outcome = request.outcome,
                                    .long_running = is_long_running(request),
                                    .duration = Clock::now() - request.started});
}

void note_failure(ProxiedRequest& request, const kube::Status& status) {
  if (request.answer_started) {
    request.outcome = outcome_of(cut_reason(request, status));
  } else if (request.cut == CutReason::kFilter) {
    request.outcome = RequestOutcome::kError;
  } else if (status.code >= 500) {
    // 502 to 504 are postern's words for what a cluster did; for itself it says 500.
    const bool is_clusters = request.cluster != nullptr && status.code != 500;
    request.outcome = is_clusters ? RequestOutcome::kUpstreamError : RequestOutcome::kError;
  }
}

void count_inflight(WorkerState& state, ProxiedRequest& request) {
  if (!is_long_running(request)) {
    const std::string& verb = request.info.verb;
    const bool reads = verb == "get" || verb == "list" || verb == "head" || verb == "options";
    request.inflight =
        state.shared().metrics.inflight(reads ? RequestKind::kReadOnly : RequestKind::kMutating);
  }
}

void count_fault(WorkerState& state, const ClientConnection& client) {
  Metrics& metrics = state.shared().metrics;
  switch (client.fault()) {
    case ClientConnection::Fault::kNone:
      return;
    case ClientConnection::Fault::kHeadTimeout:
      return metrics.protocol_error(ProtocolError::kHeadTimeout);
    case ClientConnection::Fault::kBodyFraming:
      return metrics.protocol_error(ProtocolError::kBodyFraming);
    case ClientConnection::Fault::kBodyTimeout:
      return metrics.protocol_error(ProtocolError::kBodyTimeout);
    case ClientConnection::Fault::kHeadTruncated:
    case ClientConnection::Fault::kBodyTruncated:
      return metrics.protocol_error(ProtocolError::kTruncated);
  }
}

void log_request(WorkerState& state, const ClientConnection& client,
                 const ProxiedRequest& request) {
  Log& log = state.shared().log;
  if (!log.enabled(LogLevel::kDebug)) {
    return;
  }
  log.debug("request", {{"user", request.user.name},
                        {"peer", client.peer_address()},
                        {"verb", request.info.verb},
                        {"path", request.info.path},
                        {"cluster", cluster_of(request)},
                        {"code", request.code},
                        {"decision", request.decision.explanation},
                        {"duration", Clock::now() - request.started},
                        {"audit_id", request.audit_id}});
}

void log_refusal(WorkerState& state, const ClientConnection& client, const ProxiedRequest& request,
                 const kube::Status& status) {
  const std::string_view peer = client.peer_address();
  const std::string_view who = request.user.name.empty() ? peer : request.user.name;
  state.shared().log.write_limited(who, status.code >= 500 ? LogLevel::kWarn : LogLevel::kInfo,
                                   "request refused",
                                   {{"user", request.user.name},
                                    {"peer", peer},
                                    {"verb", verb_of(request)},
                                    {"path", path_of(request)},
                                    {"cluster", cluster_of(request)},
                                    {"code", status.code},
                                    {"message", status.message},
                                    {"decision", request.decision.explanation},
                                    {"audit_id", request.audit_id}});
}

void log_cut(WorkerState& state, const ClientConnection& client, const ProxiedRequest& request,
             const kube::Status& status) {
  const CutReason reason = cut_reason(request, status);
  state.shared().metrics.response_cut(reason);
  const bool is_life = outcome_of(reason) == RequestOutcome::kOk;
  state.shared().log.write_limited(request.user.name, is_life ? LogLevel::kInfo : LogLevel::kWarn,
                                   "answer cut",
                                   {{"user", request.user.name},
                                    {"peer", client.peer_address()},
                                    {"verb", verb_of(request)},
                                    {"path", path_of(request)},
                                    {"cluster", cluster_of(request)},
                                    {"code", request.code},
                                    {"cut", cut_name(reason)},
                                    {"message", words_of_cut(reason, status)},
                                    {"decision", request.decision.explanation},
                                    {"audit_id", request.audit_id}});
}

void record_refusal(ProxiedRequest& request, const kube::Status& status) {
  request.audit.refusal = status;
  if (request.answer_started) request.audit.cut = cut_name(cut_reason(request, status));
  if (request.session == nullptr || status.code != 403) {
    return;
  }
  access::RecordedRefusal refusal;
  refusal.time = std::chrono::system_clock::now();
  refusal.verb = request.info.verb;
  refusal.message = status.message;
  for (const kube::StatusCause& cause : status.causes) {
    if (cause.type == "ResourceID") {
      refusal.resource_id = cause.message;
    }
  }
  request.session->refusals->add(std::move(refusal));
}

void log_protocol_error(WorkerState& state, const ClientConnection& client,
                        const kube::Status& status) {
  state.shared().metrics.protocol_error(status.code == 431 ? ProtocolError::kHeadTooLarge
                                                           : ProtocolError::kMalformedHead);
  state.shared().log.write_limited(client.peer_address(), LogLevel::kInfo, "not a request",
                                   {{"peer", client.peer_address()}, {"message", status.message}});
}

void log_bug(WorkerState& state, const std::exception& bug) {
  state.shared().metrics.response_cut(CutReason::kBug);
  state.shared().metrics.request_failed();
  state.shared().log.error("a connection ended by a mistake in postern", {{"what", bug.what()}});
}

}  // namespace postern::proxy
