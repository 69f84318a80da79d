#pragma once

#include "proxy/authn/authenticator.h"
#include "proxy/config.h"
#include "proxy/net/snapshot.h"
#include "proxy/reload_report.h"

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy {

class ClientCA;

/// The authenticators in force, from the files of `authentication:` and from clusters. load() once,
/// then the reloads on the thread that watches the files; set_cluster_ca() and snapshot() from any
/// thread.
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
  /// The client CA of `authentication.clusterClientCA`, as its cluster says today; nullptr: it has
  /// none, and nobody is known by it.
  void set_cluster_ca(std::shared_ptr<const ClientCA> authority);
  const Snapshot<AuthenticatorUnion>& snapshot() const { return snapshot_; }
  std::vector<std::string> client_ca_files() const;
  std::vector<std::string> token_files() const;

 private:
  Loaded<void> load_client_ca();
  Loaded<void> load_tokens();
  template <typename Member>
  void set(Member AuthenticatorUnion::Members::*member, Member value);
  void publish();

  const AuthenticationConfiguration& configuration_;
  ReloadReport report_;
  std::mutex mutex_;  ///< of members_
  AuthenticatorUnion::Members members_;
  Snapshot<AuthenticatorUnion> snapshot_;
};

}  // namespace postern::proxy
