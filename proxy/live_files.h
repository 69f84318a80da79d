#pragma once

#include "proxy/authenticator_store.h"
#include "proxy/certificate_store.h"
#include "proxy/config.h"
#include "proxy/file_watch.h"
#include "proxy/policy_store.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy {

/// Everything that the configuration's files say and that may change while the proxy runs: roles
/// and users, authenticators, the proxy's certificate.
///
/// Flow: load() before anything is served, watch() when it is, stop() at the end. The snapshots may
/// be read from any thread as long as this lives.
class LiveFiles {
 public:
  /// The three must outlive this.
  LiveFiles(const ProxyConfiguration& configuration, Metrics& metrics, Log& log);

  /// Who is given the roles and users of files, at load() and whenever they change, on the thread
  /// that reads them; and what takes session tokens. Both before load().
  void on_objects(std::function<void(access::FileObjects)> take) {
    policy_.on_load(std::move(take));
  }
  void set_sessions(std::shared_ptr<const SessionAuthenticator> sessions) {
    authenticators_.set_sessions(std::move(sessions));
  }
  /// Reads every file for the first time; all errors of all of them at once.
  Loaded<void> load();
  /// Other files to be watched, and what is to be done when they change; before watch().
  void also_watch(std::vector<std::string> files, std::function<void()> action) {
    watch_.groups().add(std::move(files), std::move(action));
  }
  /// From now on changed files are read again, within a second; a made certificate is renewed
  /// when it is due.
  void watch();
  /// Reads every file again, soon (SIGHUP). Any thread.
  void reload_all() { watch_.do_all(); }
  void stop() { watch_.stop(); }

  const Snapshot<AuthenticatorUnion>& authenticators() const { return authenticators_.snapshot(); }
  /// The client CA that a cluster gives; after load(). Any thread.
  void set_cluster_ca(std::shared_ptr<const ClientCA> authority) {
    authenticators_.set_cluster_ca(std::move(authority));
  }
  const TlsServerSnapshot& tls() const { return certificate_.snapshot(); }
  const CertificateStore& certificate() const { return certificate_; }

 private:
  PolicyStore policy_;
  AuthenticatorStore authenticators_;
  CertificateStore certificate_;
  FileWatch watch_;
};

}  // namespace postern::proxy
