#include "proxy/authn/authenticator.h"

#include "kube/text.h"
#include "proxy/authn/bearer_tokens.h"
#include "proxy/authn/identity.h"

#include <utility>

namespace postern::proxy {

/// What the credentials seen so far say: the first one speaks for the request, the others must name
/// the same user.
struct AuthenticatorUnion::Attempt {
  std::optional<Authenticated> proved;
  AuthenticatorKind by = AuthenticatorKind::kNone;  ///< what the outcome is counted for

  tl::expected<void, std::string> add(AuthenticatorKind kind, Identity identity) {
    if (!identity) return refuse(kind, std::move(identity.error()));
    if (!*identity) return {};
    return add(kind, Authenticated{std::move(**identity), nullptr});
  }
  tl::expected<void, std::string> add(AuthenticatorKind kind, Authenticated one) {
    if (proved && proved->user.name != one.user.name) {
      return refuse(AuthenticatorKind::kUnion,
                    "two credentials name different users: " + kube::quoted(proved->user.name) +
                        " and " + kube::quoted(one.user.name));
    }
    if (!proved) {
      proved = std::move(one);
      by = kind;
    }
    return {};
  }
  tl::expected<void, std::string> refuse(AuthenticatorKind kind, std::string why) {
    by = kind;
    return Refusal(std::move(why));
  }
};

AuthenticatorUnion::AuthenticatorUnion(Members members, Metrics* metrics)
    : members_(std::move(members)), metrics_(metrics) {}

Identity AuthenticatorUnion::by_opaque_token(std::string_view token) const {
  if (!members_.token_file) return Refusal("no authenticator takes this form of token");
  Identity identity = members_.token_file->authenticate_token(token);
  if (identity && !*identity) return Refusal("the bearer token is unknown");
  return identity;
}

/// The form alone says which authenticator sees the token.
tl::expected<void, std::string> AuthenticatorUnion::add_token(std::string_view token,
                                                              Attempt& attempt) const {
  switch (token_form(token)) {
    case TokenForm::kSession: {
      if (!members_.sessions) break;
      auto session = members_.sessions->authenticate_session(token);
      if (session) return attempt.add(AuthenticatorKind::kSession, std::move(*session));
      return attempt.refuse(AuthenticatorKind::kSession, std::move(session.error()));
    }
    case TokenForm::kOpaque:
      return attempt.add(AuthenticatorKind::kToken, by_opaque_token(token));
    case TokenForm::kJwt:
      break;
  }
  return attempt.refuse(token_form(token) == TokenForm::kSession ? AuthenticatorKind::kSession
                                                                 : AuthenticatorKind::kToken,
                        "no authenticator takes this form of token");
}

tl::expected<void, std::string> AuthenticatorUnion::collect(
    const http::Fields& fields, SSL* tls, std::chrono::system_clock::time_point now,
    Attempt& attempt) const {
  auto tokens = bearer_tokens(fields);
  if (!tokens) {
    return attempt.refuse(AuthenticatorKind::kToken, std::move(tokens.error()));
  }
  for (const std::string& token : *tokens) {
    if (auto agreed = add_token(token, attempt); !agreed) return agreed;
  }
  if (!members_.client_ca) return {};
  return attempt.add(members_.client_ca->kind(),
                     members_.client_ca->authenticate_connection(tls, now));
}

Result<Authenticated> AuthenticatorUnion::authenticate(const http::Fields& fields, SSL* tls,
                                                       std::string* why) const {
  return authenticate(fields, tls, std::chrono::system_clock::now(), why);
}

Result<Authenticated> AuthenticatorUnion::authenticate(const http::Fields& fields, SSL* tls,
                                                       std::chrono::system_clock::time_point now,
                                                       std::string* why) const {
  Attempt attempt;
  const auto agreed = collect(fields, tls, now, attempt);
  const bool known = agreed && attempt.proved;
  if (metrics_ != nullptr) {
    metrics_->authentication(
        attempt.by, known ? AuthenticationResult::kSuccess : AuthenticationResult::kFailure);
  }
  if (known) return std::move(*attempt.proved);
  if (why != nullptr) *why = agreed ? "no credential" : agreed.error();
  return fail(kube::Status::unauthorized());
}

}  // namespace postern::proxy
