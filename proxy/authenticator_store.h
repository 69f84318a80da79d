#pragma once

#include "proxy/authn/authenticator.h"
#include "proxy/config.h"
#include "proxy/net/snapshot.h"
#include "proxy/reload_report.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy {

class ClientCA;

/// The authenticators in force, from the files of `authentication:`. load() once, then the reloads
/// on the thread that watches the files, and snapshot() from any thread.
class AuthenticatorStore {
 public:
  /// `configuration` must outlive the store.
  AuthenticatorStore(const AuthenticationConfiguration& configuration, ReloadReport report)
      : configuration_(configuration), report_(report) {}

  /// What takes session tokens; before load().
  void set_sessions(std::shared_ptr<const SessionAuthenticator> sessions) {
    members_.sessions = std::move(sessions);
  }
  /// All errors of both files at once.
  Loaded<void> load();
  /// A file that cannot be loaded leaves its authenticator of before in force, is logged and
  /// counted. The other one is not touched.
  void reload_client_ca();
  void reload_tokens();
  const Snapshot<AuthenticatorUnion>& snapshot() const { return snapshot_; }
  std::vector<std::string> client_ca_files() const;
  std::vector<std::string> token_files() const;

 private:
  Loaded<void> load_client_ca();
  Loaded<void> load_tokens();
  void publish();

  const AuthenticationConfiguration& configuration_;
  ReloadReport report_;
  AuthenticatorUnion::Members members_;
  Snapshot<AuthenticatorUnion> snapshot_;
};

}  // namespace postern::proxy
