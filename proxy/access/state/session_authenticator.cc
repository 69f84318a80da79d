#include "proxy/access/state/session_authenticator.h"

#include "proxy/access/logins/session_token.h"

#include <utility>

namespace postern::proxy::access {

tl::expected<Authenticated, SessionRefusal> TableAuthenticator::authenticate_session(
    std::string_view token) const {
  const auto refuse = [this](SessionLookup result, const char* why, std::string unknown = {}) {
    count(result);
    return tl::unexpected(SessionRefusal{why, std::move(unknown)});
  };
  const auto shown = parse_session_token(token);
  if (!shown) {
    return refuse(SessionLookup::kMalformed, "what looks like a session token is none");
  }
  auto entry = table_.find(shown->digest);
  if (entry == nullptr) {
    return refuse(SessionLookup::kMiss, "the session is unknown or has ended", shown->id);
  }
  if (entry->expires <= std::chrono::system_clock::now() ||
      entry->ends <= std::chrono::steady_clock::now()) {
    return refuse(SessionLookup::kExpired, "the session has expired");
  }
  count(SessionLookup::kHit);
  rbac::UserInfo user = entry->user;
  const std::string_view basis = entry->basis;
  return Authenticated{std::move(user), std::move(entry), basis};
}

void TableAuthenticator::count(SessionLookup result) const {
  if (metrics_ != nullptr) metrics_->session_lookup(result);
}

}  // namespace postern::proxy::access
