#include "proxy/authn/authenticator.h"

#include "kube/text.h"
#include "proxy/authn/authority_basis.h"
#include "proxy/authn/bearer_tokens.h"
#include "proxy/authn/certificate_names.h"
#include "proxy/authn/identity.h"

#include <openssl/ssl.h>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::string_view kNobodysForm = "no authenticator takes this form of token";

}  // namespace

/// What the credentials seen so far say: the first one speaks for the request, the others must name
/// the same user.
struct AuthenticatorUnion::Attempt {
  ReviewedTokens* reviewed = nullptr;
  std::optional<Authenticated> proved;
  AuthenticatorKind by = AuthenticatorKind::kNone;  ///< what the outcome is counted for
  std::string unreviewed;                           ///< a token that has to be reviewed first
  std::string unknown_session;                      ///< one that may be known elsewhere

  Agreed add(AuthenticatorKind kind, Identity identity) {
    if (!identity) return refuse(kind, std::move(identity.error()));
    if (!*identity) return {};
    return add(kind, Authenticated{std::move(**identity), nullptr});
  }
  Agreed add(AuthenticatorKind kind, Authenticated one) {
    if (proved && !same_user(proved->user, one.user)) {
      return refuse(AuthenticatorKind::kUnion,
                    "two credentials name different users: " + name_of(proved->user) + " and " +
                        name_of(one.user));
    }
    if (!proved) {
      proved = std::move(one);
      by = kind;
    }
    return {};
  }
  Agreed refuse(AuthenticatorKind kind, std::string why) {
    by = kind;
    return Refusal(std::move(why));
  }

 private:
  /// Who is known to one cluster may well be another than who has that name at another one.
  static bool same_user(const rbac::UserInfo& a, const rbac::UserInfo& b) {
    return a.name == b.name &&
           (a.kube_cluster.empty() || b.kube_cluster.empty() || a.kube_cluster == b.kube_cluster);
  }
  static std::string name_of(const rbac::UserInfo& user) {
    const std::string& at = user.kube_cluster;
    return kube::quoted(user.name) + (at.empty() ? "" : " of cluster " + kube::quoted(at));
  }
};

AuthenticatorUnion::AuthenticatorUnion(Members members, Metrics* metrics)
    : members_(std::move(members)), metrics_(metrics) {}

/// Whether what a session was made with is still worth something.
bool AuthenticatorUnion::still_counts(std::string_view basis, std::string_view user) const {
  if (basis == kReviewBasis) return members_.reviews_tokens;
  if (!basis.starts_with(kAuthorityBasis)) {
    return members_.token_file != nullptr && members_.token_file->still_proves(basis, user);
  }
  const auto vouches = [&](const auto& member) {
    return member != nullptr && member->still_vouches(basis);
  };
  return vouches(members_.client_ca) || vouches(members_.cluster_ca);
}

AuthenticatorUnion::Agreed AuthenticatorUnion::add_session(std::string_view token,
                                                           Attempt& attempt) const {
  constexpr AuthenticatorKind kKind = AuthenticatorKind::kSession;
  if (!members_.sessions) return attempt.refuse(kKind, std::string(kNobodysForm));
  auto session = members_.sessions->authenticate_session(token);
  if (!session) {
    attempt.unknown_session = std::move(session.error().unknown_id);
    return attempt.refuse(kKind, std::move(session.error().why));
  }
  if (!session->basis.empty() && !still_counts(session->basis, session->user.name)) {
    return attempt.refuse(kKind, "the credential that the session was made with counts no more");
  }
  return attempt.add(kKind, std::move(*session));
}

AuthenticatorUnion::Agreed AuthenticatorUnion::add_opaque(std::string_view token,
                                                          Attempt& attempt) const {
  if (!members_.token_file) return add_reviewed(token, attempt);
  Identity identity = members_.token_file->authenticate_token(token);
  if (identity && !*identity) identity = Refusal("the token is unknown");
  return attempt.add(AuthenticatorKind::kToken, std::move(identity));
}

AuthenticatorUnion::Agreed AuthenticatorUnion::add_reviewed(std::string_view token,
                                                            Attempt& attempt) const {
  if (!members_.reviews_tokens) {
    return attempt.refuse(AuthenticatorKind::kToken, std::string(kNobodysForm));
  }
  constexpr AuthenticatorKind kKind = AuthenticatorKind::kTokenReview;
  const TokenVerdict* verdict =
      attempt.reviewed != nullptr ? attempt.reviewed->find(token) : nullptr;
  if (verdict == nullptr) {
    attempt.unreviewed = token;
    return attempt.refuse(kKind, "the token has not been reviewed");
  }
  if (!*verdict) return attempt.refuse(kKind, verdict->error());
  return attempt.add(kKind, Authenticated{**verdict, nullptr});
}

/// The form alone says which authenticator sees the token.
AuthenticatorUnion::Agreed AuthenticatorUnion::add_token(std::string_view token,
                                                         Attempt& attempt) const {
  switch (token_form(token)) {
    case TokenForm::kSession:
      return add_session(token, attempt);
    case TokenForm::kOpaque:
      return add_opaque(token, attempt);
    case TokenForm::kJwt:
      break;
  }
  return add_reviewed(token, attempt);
}

AuthenticatorUnion::Agreed AuthenticatorUnion::add_certificate(SSL* tls, Attempt& attempt) const {
  const auto now = std::chrono::system_clock::now();
  if (!members_.client_ca && !members_.cluster_ca) return {};
  const ConnectionAuthenticator* by = members_.client_ca.get();
  Identity identity = by != nullptr ? by->authenticate_connection(tls, now) : Identity();
  if (members_.cluster_ca && (by == nullptr || !identity)) {
    Identity of_cluster = members_.cluster_ca->authenticate_connection(tls, now);
    if (by == nullptr || of_cluster) {
      by = members_.cluster_ca.get();
      identity = std::move(of_cluster);
    }
  }
  return attempt.add(by->kind(), std::move(identity));
}

AuthenticatorUnion::Agreed AuthenticatorUnion::collect(const http::Fields& fields, SSL* tls,
                                                       Attempt& attempt) const {
  const auto tokens = bearer_tokens(fields);
  if (!tokens) return attempt.refuse(AuthenticatorKind::kToken, tokens.error());
  for (const std::string& token : *tokens) {
    if (auto agreed = add_token(token, attempt); !agreed) return agreed;
  }
  return add_certificate(tls, attempt);
}

std::string AuthenticatorUnion::basis_of_certificate(SSL* tls) const {
  const auto now = std::chrono::system_clock::now();
  for (const auto& member : {members_.client_ca, members_.cluster_ca}) {
    std::string basis = member ? member->basis_of_connection(tls, now) : std::string();
    if (!basis.empty()) return basis;
  }
  return std::string(kAuthorityBasis);  // the bundle was replaced a moment ago: nobody vouches
}

SessionBasis AuthenticatorUnion::basis_of(const http::Fields& fields, SSL* tls) const {
  SessionBasis basis;
  const auto tokens = bearer_tokens(fields);
  if (!tokens) return basis;
  for (const std::string& token : *tokens) {
    const TokenForm form = token_form(token);
    if (form == TokenForm::kSession) continue;
    const bool is_static = form == TokenForm::kOpaque && members_.token_file;
    basis.token = is_static ? basis_digest(token) : std::string(kReviewBasis);
    if (form == TokenForm::kJwt) basis.ends = web_token_end(token);
  }
  X509* const leaf = tokens->empty() && tls != nullptr ? SSL_get0_peer_certificate(tls) : nullptr;
  if (leaf != nullptr) {
    basis.ends = certificate_end(leaf);
    basis.token = basis_of_certificate(tls);
  }
  return basis;
}

Result<Authenticated> AuthenticatorUnion::authenticate(const http::Fields& fields, SSL* tls,
                                                       const Attention& attention) const {
  Attempt attempt;
  attempt.reviewed = attention.reviewed;
  const auto agreed = collect(fields, tls, attempt);
  if (!attempt.unreviewed.empty() && attention.unreviewed != nullptr) {
    *attention.unreviewed = std::move(attempt.unreviewed);
    return fail(kube::Status::unauthorized());
  }
  if (!attempt.unknown_session.empty() && attention.unknown_session != nullptr) {
    *attention.unknown_session = std::move(attempt.unknown_session);
    return fail(kube::Status::unauthorized());
  }
  const bool known = agreed && attempt.proved;
  if (metrics_ != nullptr) {
    metrics_->authentication(
        attempt.by, known ? AuthenticationResult::kSuccess : AuthenticationResult::kFailure);
  }
  if (known) return std::move(*attempt.proved);
  if (attention.why != nullptr) *attention.why = agreed ? "no credential" : agreed.error();
  return fail(kube::Status::unauthorized());
}

}  // namespace postern::proxy
