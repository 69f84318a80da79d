#include "proxy/authn/authenticator.h"

#include "kube/text.h"
#include "proxy/authn/bearer_tokens.h"
#include "proxy/authn/identity.h"

#include <utility>

namespace postern::proxy {

namespace {

AuthenticatorKind kind_of(TokenForm form) {
  return form == TokenForm::kSession ? AuthenticatorKind::kSession : AuthenticatorKind::kToken;
}

}  // namespace

/// What the credentials seen so far say: the first one speaks for the request, the others must name
/// the same user.
struct AuthenticatorUnion::Attempt {
  std::optional<rbac::UserInfo> user;
  AuthenticatorKind by = AuthenticatorKind::kNone;  ///< what the outcome is counted for

  tl::expected<void, std::string> add(AuthenticatorKind kind, Identity identity) {
    if (!identity) {
      by = kind;
      return Refusal(std::move(identity.error()));
    }
    if (!*identity) return {};
    if (user && user->name != (*identity)->name) {
      by = AuthenticatorKind::kUnion;
      return Refusal("two credentials name different users: " + kube::quoted(user->name) + " and " +
                     kube::quoted((*identity)->name));
    }
    if (!user) {
      user = std::move(**identity);
      by = kind;
    }
    return {};
  }
};

AuthenticatorUnion::AuthenticatorUnion(Members members, Metrics* metrics)
    : members_(std::move(members)), metrics_(metrics) {}

Identity AuthenticatorUnion::by_token(std::string_view token) const {
  const TokenAuthenticator* authenticator = nullptr;
  const TokenForm form = token_form(token);
  if (form == TokenForm::kSession) authenticator = members_.sessions.get();
  if (form == TokenForm::kOpaque) authenticator = members_.token_file.get();
  if (authenticator == nullptr) return Refusal("no authenticator takes this form of token");
  Identity identity = authenticator->authenticate_token(token);
  if (identity && !*identity) return Refusal("the bearer token is unknown");
  return identity;
}

tl::expected<void, std::string> AuthenticatorUnion::collect(
    const http::Fields& fields, SSL* tls, std::chrono::system_clock::time_point now,
    Attempt& attempt) const {
  auto tokens = bearer_tokens(fields);
  if (!tokens) {
    return attempt.add(AuthenticatorKind::kToken, tl::unexpected(std::move(tokens.error())));
  }
  for (const std::string& token : *tokens) {
    if (auto agreed = attempt.add(kind_of(token_form(token)), by_token(token)); !agreed) {
      return agreed;
    }
  }
  if (!members_.client_ca) return {};
  return attempt.add(members_.client_ca->kind(),
                     members_.client_ca->authenticate_connection(tls, now));
}

Result<rbac::UserInfo> AuthenticatorUnion::authenticate(const http::Fields& fields, SSL* tls,
                                                        std::string* why) const {
  return authenticate(fields, tls, std::chrono::system_clock::now(), why);
}

Result<rbac::UserInfo> AuthenticatorUnion::authenticate(const http::Fields& fields, SSL* tls,
                                                        std::chrono::system_clock::time_point now,
                                                        std::string* why) const {
  Attempt attempt;
  const auto agreed = collect(fields, tls, now, attempt);
  const bool known = agreed && attempt.user;
  if (metrics_ != nullptr) {
    metrics_->authentication(
        attempt.by, known ? AuthenticationResult::kSuccess : AuthenticationResult::kFailure);
  }
  if (known) return std::move(*attempt.user);
  if (why != nullptr) *why = agreed ? "no credential" : agreed.error();
  return fail(kube::Status::unauthorized());
}

}  // namespace postern::proxy
