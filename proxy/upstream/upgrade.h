#pragma once

#include "kube/result.h"
#include "proxy/http/message.h"
#include "proxy/upstream/impersonation.h"

#include <string>
#include <vector>

namespace postern::proxy {

/// What a client asks a connection to become (exec, attach, port-forward), reduced to what may be
/// told upstream. Source: KEP-4006, RFC 6455 §4, apimachinery pkg/util/httpstream.
struct Upgrade {
  enum class Protocol { kWebSocket, kSpdy };
  Protocol protocol = Protocol::kSpdy;
  std::string websocket_key;  ///< of kWebSocket: the client's own, so that it can check the answer
  /// Subprotocols in the client's order; a bearer token among them has been taken out.
  std::vector<std::string> subprotocols;
};

/// Reads the upgrade that a request asks for (`head.upgrade` is set).
///
/// 400 for any protocol but `websocket` and `SPDY/3.1`, a WebSocket without a valid key, version 13
/// and at least one subprotocol beside a bearer token (attacks 181, 182), malformed or too many
/// subprotocols. `Sec-WebSocket-Extensions` are not offered upstream.
Result<Upgrade> parse_upgrade(const http::RequestHead& head);

/// The fields that ask upstream for it, made anew: `Connection: Upgrade` exactly (attack 74).
HeaderFields upgrade_fields(const Upgrade& upgrade);

/// Whether upstream's 101 really is the switch that was asked for; only then may bytes be spliced.
///
/// 502 when `Connection` or `Upgrade` do not say so (attack 179), when `Sec-WebSocket-Accept` is
/// not the answer to the key, when a subprotocol was chosen that was not offered, or when a
/// WebSocket extension was chosen.
Result<void> verify_switch(const Upgrade& upgrade, const http::ResponseHead& head);

}  // namespace postern::proxy
