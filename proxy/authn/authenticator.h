#pragma once

#include "kube/result.h"
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
};

/// What an authenticator says of a request: an identity, no opinion (nullopt: its kind of
/// credential is not there), or that the credential is wrong. The error is a sentence for the log;
/// clients only learn 401.
using Identity = tl::expected<std::optional<rbac::UserInfo>, std::string>;

/// Proves who is at the other end of a connection, by what TLS showed of them. Immutable; safe from
/// any thread, one connection at a time.
class ConnectionAuthenticator {
 public:
  virtual ~ConnectionAuthenticator() = default;
  virtual AuthenticatorKind kind() const = 0;
  /// `tls` may be nullptr: no opinion.
  virtual Identity authenticate_connection(SSL* tls,
                                           std::chrono::system_clock::time_point now) const = 0;
};

/// Proves who a bearer token belongs to (k8s.io/apiserver authenticator.Token). Immutable; safe
/// from any thread.
class TokenAuthenticator {
 public:
  virtual ~TokenAuthenticator() = default;
  virtual AuthenticatorKind kind() const = 0;
  /// `token` is not empty. nullopt: not one of ours.
  virtual Identity authenticate_token(std::string_view token) const = 0;
};

/// Proves who a session token of postern's own (`pst_…`) belongs to. Safe from any thread.
class SessionAuthenticator {
 public:
  virtual ~SessionAuthenticator() = default;
  /// With a session. The error is a sentence for the log.
  virtual tl::expected<Authenticated, std::string> authenticate_session(
      std::string_view token) const = 0;
};

/// All configured authenticators; an immutable value, replaced as a whole when a file changes
/// (Snapshot<AuthenticatorUnion>). Safe from any thread.
class AuthenticatorUnion {
 public:
  struct Members {
    std::shared_ptr<const ConnectionAuthenticator> client_ca;
    /// For tokens of the form `pst_…` (TokenForm::kSession). Left out: such a token is refused; it
    /// is never shown to another authenticator and never forwarded.
    std::shared_ptr<const SessionAuthenticator> sessions;
    std::shared_ptr<const TokenAuthenticator> token_file;
  };

  /// `metrics` (may be nullptr) must outlive the union.
  explicit AuthenticatorUnion(Members members, Metrics* metrics = nullptr);

  /// Who makes this request? 401 in kube-apiserver's words when there is no credential, when any
  /// credential that is there is wrong, or when two of them name different users. A token counts
  /// more than the connection's certificate of the same user, whose groups are then left out: it is
  /// the request's own. Counts the attempt. `why`, when given, gets the reason of a refusal for the
  /// log; it names no secret.
  ///
  /// The certificate's verification is kept with the TLS connection, so that later requests on it
  /// cost a lookup.
  Result<Authenticated> authenticate(const http::Fields& fields, SSL* tls,
                                     std::string* why = nullptr) const;
  Result<Authenticated> authenticate(const http::Fields& fields, SSL* tls,
                                     std::chrono::system_clock::time_point now,
                                     std::string* why) const;

 private:
  struct Attempt;
  Identity by_opaque_token(std::string_view token) const;
  tl::expected<void, std::string> add_token(std::string_view token, Attempt& attempt) const;
  tl::expected<void, std::string> collect(const http::Fields& fields, SSL* tls,
                                          std::chrono::system_clock::time_point now,
                                          Attempt& attempt) const;

  Members members_;
  Metrics* metrics_;
};

}  // namespace postern::proxy
