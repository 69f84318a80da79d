#pragma once

#include "kube/request_info.h"
#include "kube/result.h"
#include "proxy/http/message.h"
#include "proxy/upstream/impersonation.h"
#include "proxy/upstream/upgrade.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy {

/// The framing that a request's body gets upstream: ours, whatever the client's was.
struct RequestBody {
  enum class Kind { kNone, kLength, kChunked };
  Kind kind = Kind::kNone;
  std::uint64_t length = 0;  ///< of kLength

  static RequestBody none() { return {}; }
  static RequestBody of_length(std::uint64_t bytes) { return {Kind::kLength, bytes}; }
  static RequestBody chunked() { return {Kind::kChunked, 0}; }
};

/// Everything that an upstream request is built from. References and views live as long as the call
/// of build_request_head().
struct RequestPlan {
  std::string_view method;  ///< RequestInfo::method, or the method of a call of postern's own
  std::string_view path;    ///< canonical, with the endpoint's base path in front
  std::string_view query;   ///< Query::encode(), without '?'; "" for none

  std::string_view host;            ///< ClusterEndpoint::host_header()
  std::string_view audit_id;        ///< make_audit_id(); also what our own audit log says
  std::string_view client_address;  ///< for X-Forwarded-For; "" leaves it out

  /// The client's head, of which the fields in the allow-list are taken; nullptr for none.
  const http::Fields* client = nullptr;
  /// Replaces the client's Accept (filtered calls ask for JSON).
  std::optional<std::string_view> accept;
  /// postern reads the answer's body (filters, reduces it): identity encoding, and no conditional
  /// request, whose 304 would let the client keep what it may no longer see.
  bool body_is_read = false;

  RequestBody body;
  const Upgrade* upgrade = nullptr;  ///< of exec and its kin

  const HeaderFields* impersonation = nullptr;    ///< required; see build_request_head()
  std::optional<std::string_view> authorization;  ///< Lease::authorization()
};

/// The head of the upstream request, with its empty line: rebuilt from parsed values, never copied
/// (design §3). postern's identity and the impersonation come last.
///
/// From the client only these fields pass, each a single line of plain text:
/// - `Accept` (unless replaced) and `Accept-Encoding` of calls whose answer is passed through;
/// - `Content-Type` of calls with a body: the API server decodes by it, and so did we;
/// - `If-None-Match`, `If-Modified-Since` of calls whose answer is passed through: discovery and
///   OpenAPI caches of kubectl;
/// - `User-Agent`, `Kubectl-Command`, `Kubectl-Session`: the cluster's audit log and metrics name
///   the real client;
/// - `traceparent`, `tracestate`: the client's trace goes on, where they are valid (W3C Trace
///   Context); `baggage` is not read by any API server and does not pass.
/// Whatever else there is stays behind: hop-by-hop fields, cookies, `X-Remote-*`, `Forwarded`,
/// `Audit-ID` and `X-Forwarded-For` of the client's, method overrides (attacks 58, 66–80).
///
/// 500 when there are no impersonation fields or the first is not a non-empty `Impersonate-User`:
/// no call on a client's behalf leaves without one. Throws std::logic_error where a value of our
/// own does not fit into a head.
Result<std::string> build_request_head(const RequestPlan& plan);

/// A random UUID (version 4), for Audit-ID.
std::string make_audit_id();

}  // namespace postern::proxy
