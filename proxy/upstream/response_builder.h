#pragma once

#include "kube/result.h"
#include "proxy/http/codec.h"
#include "proxy/http/message.h"
#include "proxy/upstream/upgrade.h"
#include "rbac/principals.h"

#include <optional>
#include <string_view>

namespace postern::proxy {

/// What the client's answer is made of.
enum class ResponseUse {
  kPassThrough,  ///< upstream's body as it comes
  kRewritten,    ///< filtered or reduced by us: nothing that speaks of the original bytes passes
};

/// Whether an upstream answer with this status may reach the client at all.
///
/// 502 for a redirect (never followed, never relayed: CVE-2022-3172, attacks 190, 218), for a 304
/// that we did not ask for (`conditional`), for a 401 (it refuses postern, not the client: attack
/// 216) and for a 101 without an upgrade.
Result<void> check_relayable(const http::ResponseHead& head, bool conditional, bool upgrade);

/// Puts those fields of upstream's answer that a client may see into its answer: `Allow`,
/// `Content-Type`, `Cache-Control`, `Date`, `Warning`, `Retry-After`, `X-Kubernetes-Pf-*-Uid`,
/// `X-Stream-Protocol-Version` and `X-Accepted-Stream-Protocol-Versions` (SPDY's negotiation); of
/// bodies that pass unchanged also `ETag`, `Last-Modified`, `Content-Encoding` and `Vary`; and
/// always our own `X-Content-Type-Options: nosniff`. Framing and Connection are the caller's. Never
/// Set-Cookie, Location, Server, WWW-Authenticate or hop-by-hop fields (attack 220).
void relay_fields(const http::ResponseHead& head, ResponseUse use, http::HeadWriter& out);

/// The whole head of our 101, from a switch that verify_switch() has approved.
std::string build_switch_head(const Upgrade& upgrade, const http::ResponseHead& head);

/// Looks at the whole body of a 403 (a Status in JSON or protobuf, or text): nullopt when it may
/// pass, else the answer in its place. The API server's refusal of the impersonation itself names
/// postern's own identity; the client gets 502 (asking for access would not help, so it is no 403),
/// which names the user or group only where that is one of `principals` (attack 217), or the action
/// where constrained impersonation leaves that out. So does any refusal of somebody other than
/// `principals.user`.
std::optional<kube::Status> replace_refusal(std::string_view body,
                                            const rbac::Principals& principals);

/// How much of a 403's body to read for replace_refusal(); a longer one is replaced by a 502.
inline constexpr std::size_t kMaxRefusalBytes = 64 * 1024;

}  // namespace postern::proxy
