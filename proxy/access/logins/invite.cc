#include "proxy/access/logins/invite.h"

#include "proxy/access/logins/token_digest.h"

namespace postern::proxy::access {

namespace {

constexpr std::string_view kPrefix = "psi_";

}  // namespace

Invite make_invite() {
  Invite invite;
  invite.text = std::string(kPrefix) + random_secret();
  invite.digest = token_digest(invite.text);
  return invite;
}

bool redeems(std::string_view shown, std::string_view digest,
             std::chrono::system_clock::time_point ends,
             std::chrono::system_clock::time_point now) {
  const bool same = same_digest(token_digest(shown), digest);
  const bool formed = shown.starts_with(kPrefix) && is_secret(shown.substr(kPrefix.size()));
  return same && formed && now < ends;
}

}  // namespace postern::proxy::access
