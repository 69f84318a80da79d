#pragma once

#include "kube/result.h"
#include "proxy/access/state/access_state.h"
#include "proxy/access/state/objects.h"

#include <string>

namespace postern::proxy::access {

/// A login as it was typed; exactly one of password and invite.
struct LoginDocument {
  std::string user;
  std::string password;
  std::string invite;        ///< a one-time invite
  std::string new_password;  ///< with an invite: the password from now on; "" keeps what there is
  SessionDocument session;
  std::string address;        ///< of the peer, without a port: who guesses is slowed down by it
  std::string audit_id = {};  ///< of the request
};

/// The three steps of a login: begin() and finish() on the access thread, prove() on a thread that
/// may take its time. Whatever is wrong is the same 401, after the same work, so that nobody learns
/// which users there are.
class LoginFlow {
 public:
  /// What begin() found, for prove().
  struct Check {
    std::string hash;  ///< of the user's password; "" when nobody can log in by it
    bool invite_holds = false;
  };
  /// What prove() found, for finish().
  struct Proof {
    bool holds = false;
    std::string new_hash;  ///< to be kept; "": none
  };

  /// 422 for a login that is written wrongly; 403 when `authentication.localUsers` is off.
  static Result<void> check(const AccessState& state, const LoginDocument& login);
  /// 429 for who guessed too often.
  static Result<Check> begin(AccessState& state, const LoginDocument& login);
  /// 503 when there is no memory for it. Any thread.
  static Result<Proof> prove(const LoginDocument& login, const Check& check);
  /// The session, or 401.
  static Result<IssuedSession> finish(AccessState& state, const LoginDocument& login,
                                      const Result<Proof>& proof);
};

}  // namespace postern::proxy::access
