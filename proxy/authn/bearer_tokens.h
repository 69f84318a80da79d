#pragma once

#include "proxy/http/message.h"

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace postern::proxy {

/// What a token looks like. The form alone selects the one authenticator that a token is shown to,
/// so that no token is ever tried against several.
enum class TokenForm {
  kSession,  ///< `pst_…`: postern's own; never leaves it
  kJwt,      ///< a compact JWS: `ey…`, two dots (RFC 7515 §7.1)
  kOpaque    ///< everything else: the token file's
};

TokenForm token_form(std::string_view token);

/// Why a text can be no bearer token, or "" if it can: 1 to 8192 visible ASCII characters, no
/// comma (which separates list values in headers).
std::string_view token_problem(std::string_view token);

/// The bearer tokens of a request: of `Authorization: Bearer …`, then of the WebSocket subprotocol
/// `base64url.bearer.authorization.k8s.io.…` that browsers use (k8s.io/apiserver
/// pkg/authentication/request/websocket). Usually none or one.
///
/// An error is a sentence for the log: any other scheme, an empty or malformed token, a repeated
/// header, two bearer subprotocols, or a bearer subprotocol without another one beside it.
tl::expected<std::vector<std::string>, std::string> bearer_tokens(const http::Fields& fields);

}  // namespace postern::proxy
