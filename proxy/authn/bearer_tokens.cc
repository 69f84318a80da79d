#include "proxy/authn/bearer_tokens.h"

#include "proxy/authn/identity.h"
#include "proxy/crypto/base64url.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace postern::proxy {
namespace {

using Tokens = tl::expected<std::vector<std::string>, std::string>;
using MaybeToken = tl::expected<std::optional<std::string>, std::string>;

constexpr std::string_view kBearerProtocol = "base64url.bearer.authorization.k8s.io.";
constexpr std::size_t kMaxTokenBytes = 8192;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

MaybeToken checked(std::string token) {
  if (const auto problem = token_problem(token); !problem.empty()) {
    return Refusal("the token " + std::string(problem));
  }
  return token;
}

MaybeToken authorization_token(const http::Fields& fields) {
  const auto values = fields.all("Authorization");
  if (values.empty()) return std::nullopt;
  if (values.size() > 1) return Refusal("the Authorization header is repeated");
  const std::string_view value = values.front();
  const std::size_t space = value.find(' ');
  if (!http::iequals(value.substr(0, space), "bearer")) {
    return Refusal("the Authorization scheme is not Bearer");
  }
  if (space == std::string_view::npos) return Refusal("the token is empty");
  return checked(std::string(value.substr(space + 1)));
}

/// Every subprotocol that the client offers, in order.
std::vector<std::string_view> offered_protocols(const http::Fields& fields) {
  std::vector<std::string_view> protocols;
  for (std::string_view list : fields.all("Sec-WebSocket-Protocol")) {
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      protocols.push_back(trimmed(list.substr(0, comma)));
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
  return protocols;
}

MaybeToken subprotocol_token(const http::Fields& fields) {
  std::optional<std::string_view> encoded;
  bool another = false;
  for (const std::string_view protocol : offered_protocols(fields)) {
    if (!protocol.starts_with(kBearerProtocol)) {
      another = another || !protocol.empty();
    } else if (encoded) {
      return Refusal("several subprotocols with a token");
    } else {
      encoded = protocol.substr(kBearerProtocol.size());
    }
  }
  if (!encoded) return std::nullopt;
  if (!another) return Refusal("the subprotocol with the token stands alone");
  auto decoded = base64url_decode(*encoded);
  if (!decoded) return Refusal("the subprotocol with the token is not base64url");
  return checked(std::move(*decoded));
}

}  // namespace

TokenForm token_form(std::string_view token) {
  if (token.starts_with("pst_")) return TokenForm::kSession;
  if (token.starts_with("ey") && std::count(token.begin(), token.end(), '.') == 2) {
    return TokenForm::kJwt;
  }
  return TokenForm::kOpaque;
}

std::string_view token_problem(std::string_view token) {
  if (token.empty()) return "is empty";
  if (token.size() > kMaxTokenBytes) return "is longer than 8192 bytes";
  const bool visible =
      std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!visible) return "has a space, a control character or something that is not ASCII";
  if (token.find(',') != std::string_view::npos) return "has a comma";
  return {};
}

Tokens bearer_tokens(const http::Fields& fields) {
  std::vector<std::string> tokens;
  for (auto* const read : {&authorization_token, &subprotocol_token}) {
    auto token = read(fields);
    if (!token) return tl::unexpected(std::move(token.error()));
    if (*token) tokens.push_back(std::move(**token));
  }
  return tokens;
}

}  // namespace postern::proxy
