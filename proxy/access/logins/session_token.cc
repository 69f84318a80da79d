#include "proxy/access/logins/session_token.h"

#include "proxy/access/logins/token_digest.h"

#include <stdexcept>

namespace postern::proxy::access {

namespace {

constexpr std::string_view kPrefix = "pst_";
constexpr std::size_t kMaxIdBytes = 63;

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= kMaxIdBytes &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

}  // namespace

SessionToken make_session_token(std::string_view id) {
  if (!is_id(id)) {
    throw std::logic_error("a session has no ID of that form");
  }
  SessionToken token;
  token.text = std::string(kPrefix) + std::string(id) + "_" + random_secret();
  token.digest = token_digest(token.text);
  return token;
}

std::optional<ShownSessionToken> parse_session_token(std::string_view text) {
  if (!text.starts_with(kPrefix)) return std::nullopt;
  const std::string_view rest = text.substr(kPrefix.size());
  const std::size_t end = rest.find('_');
  if (end == std::string_view::npos || !is_id(rest.substr(0, end)) ||
      !is_secret(rest.substr(end + 1))) {
    return std::nullopt;
  }
  return ShownSessionToken{std::string(rest.substr(0, end)), token_digest(text)};
}

}  // namespace postern::proxy::access
