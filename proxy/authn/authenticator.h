#pragma once

#include "kube/result.h"
#include "proxy/authn/session_basis.h"
#include "proxy/http/message.h"
#include "proxy/observe/metrics.h"
#include "rbac/user_info.h"

#include <chrono>
#include <memory>
#include <openssl/types.h>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace postern::proxy {

namespace access {
struct SessionEntry;  // proxy/access/state/session_table.h
}

/// Who makes a request, and in which session.
struct Authenticated {
  rbac::UserInfo user;
  std::shared_ptr<const access::SessionEntry> session;  ///< nullptr for any other credential
  std::string_view basis{};  ///< SessionBasis::token, which is in `session`
};

/// What an authenticator says of a request: an identity, no opinion (nullopt: its kind of
/// credential is not there), or that the credential is wrong. The error is a sentence for the log;
/// clients only learn 401.
using Identity = tl::expected<std::optional<rbac::UserInfo>, std::string>;

/// What a cluster said of a token: an identity, or why it proves nobody (a sentence for the log).
using TokenVerdict = tl::expected<rbac::UserInfo, std::string>;

/// What is known already of tokens that a cluster has to be asked about.
class ReviewedTokens {
 public:
  virtual ~ReviewedTokens() = default;
  /// nullptr: nothing; the token has to be reviewed first. Good until the next call.
  virtual const TokenVerdict* find(std::string_view token) = 0;
};

/// Proves who is at the other end of a connection, by what TLS showed of them. Immutable; safe from
/// any thread, one connection at a time.
class ConnectionAuthenticator {
 public:
  virtual ~ConnectionAuthenticator() = default;
  virtual AuthenticatorKind kind() const = 0;
  /// `tls` may be nullptr: no opinion.
  virtual Identity authenticate_connection(SSL* tls,
                                           std::chrono::system_clock::time_point now) const = 0;
  /// By what a session remembers who vouches for this peer (authority_basis()); "" where nobody
  /// does.
  virtual std::string basis_of_connection(SSL* tls,
                                          std::chrono::system_clock::time_point now) const = 0;
  /// Whether whoever vouched then would do so today.
  virtual bool still_vouches(std::string_view basis) const = 0;
};

/// Proves who a bearer token belongs to (k8s.io/apiserver authenticator.Token). Immutable; safe
/// from any thread.
class TokenAuthenticator {
 public:
  virtual ~TokenAuthenticator() = default;
  virtual AuthenticatorKind kind() const = 0;
  /// `token` is not empty. nullopt: not one of ours.
  virtual Identity authenticate_token(std::string_view token) const = 0;
  /// Whether a token with this basis_digest() still proves that user.
  virtual bool still_proves(std::string_view basis, std::string_view user) const {
    return basis.empty() && user.empty();
  }
};

/// Why a session token proves nobody.
struct SessionRefusal {
  std::string why;  ///< a sentence for the log
  /// Its session, when nothing is known of one with this ID and secret. Another replica may know.
  std::string unknown_id;
};

/// Proves who a session token of postern's own (`pst_…`) belongs to. Safe from any thread.
class SessionAuthenticator {
 public:
  virtual ~SessionAuthenticator() = default;
  /// With a session.
  virtual tl::expected<Authenticated, SessionRefusal> authenticate_session(
      std::string_view token) const = 0;
};

/// All configured authenticators; an immutable value, replaced as a whole when a file changes
/// (Snapshot<AuthenticatorUnion>). Safe from any thread.
class AuthenticatorUnion {
 public:
  struct Members {
    std::shared_ptr<const ConnectionAuthenticator> client_ca;
    /// A cluster's own client CA; asked when `client_ca` does not know the certificate.
    std::shared_ptr<const ConnectionAuthenticator> cluster_ca;
    /// For tokens of the form `pst_…` (TokenForm::kSession). Left out: such a token is refused; it
    /// is never shown to another authenticator and never forwarded.
    std::shared_ptr<const SessionAuthenticator> sessions;
    std::shared_ptr<const TokenAuthenticator> token_file;
    /// A cluster is asked about JSON web tokens and, without a token file, about opaque ones.
    bool reviews_tokens = false;
  };

  /// What an attempt may use and tells beside its outcome; everything may be left out.
  struct Attention {
    /// nullptr: nothing has been reviewed.
    ReviewedTokens* reviewed = nullptr;
    /// Gets the reason of a refusal, for the log; it names no secret.
    std::string* why = nullptr;
    /// Gets a token that a cluster has to be asked about before there is an outcome. The result is
    /// an error then and nothing is counted; without `unreviewed` it is a refusal.
    std::string* unreviewed = nullptr;
    /// Gets the ID of a session that is unknown here and may be known elsewhere, in the same way.
    std::string* unknown_session = nullptr;
  };

  /// `metrics` (may be nullptr) must outlive the union.
  explicit AuthenticatorUnion(Members members, Metrics* metrics = nullptr);

  /// Who makes this request? 401 in kube-apiserver's words when there is no credential, when any
  /// credential that is there is wrong, or when two of them name different users. A token counts
  /// more than the connection's certificate of the same user, whose groups are then left out: it is
  /// the request's own. Two that name the same user, proved by different clusters, name different
  /// users. Counts the attempt.
  ///
  /// The certificate's verification is kept with the TLS connection, so that later requests on it
  /// cost a lookup.
  Result<Authenticated> authenticate(const http::Fields& fields, SSL* tls,
                                     const Attention& attention) const;
  Result<Authenticated> authenticate(const http::Fields& fields, SSL* tls) const {
    return authenticate(fields, tls, Attention());
  }

  /// What a session has to rest on that is made with these credentials, which were accepted. Empty
  /// for a session token: that session is the basis.
  SessionBasis basis_of(const http::Fields& fields, SSL* tls) const;

  bool reviews_tokens() const { return members_.reviews_tokens; }

 private:
  struct Attempt;
  using Agreed = tl::expected<void, std::string>;
  bool still_counts(std::string_view basis, std::string_view user) const;
  std::string basis_of_certificate(SSL* tls) const;
  Agreed add_session(std::string_view token, Attempt& attempt) const;
  Agreed add_opaque(std::string_view token, Attempt& attempt) const;
  Agreed add_reviewed(std::string_view token, Attempt& attempt) const;
  Agreed add_token(std::string_view token, Attempt& attempt) const;
  Agreed add_certificate(SSL* tls, Attempt& attempt) const;
  Agreed collect(const http::Fields& fields, SSL* tls, Attempt& attempt) const;

  Members members_;
  Metrics* metrics_;
};

}  // namespace postern::proxy
