#pragma once

#include "proxy/access/api/access_api.h"
#include "proxy/access/state/access_service.h"
#include "proxy/access/state/access_state.h"
#include "proxy/authn/authenticator.h"
#include "proxy/config.h"
#include "proxy/observe/health.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy {

/// Access requests, roles, users and sessions as the configuration wants them: the store, the state
/// over it and the access thread.
///
/// Flow: open(), take_files(), start(); stop() when no worker runs any more.
class AccessRuntime {
 public:
  /// All three must outlive this.
  AccessRuntime(const ProxyConfiguration& configuration, Log& log, Metrics& metrics);
  ~AccessRuntime();
  AccessRuntime(const AccessRuntime&) = delete;
  AccessRuntime& operator=(const AccessRuntime&) = delete;

  /// Who is told of every change; before open().
  void set_audit(access::AuditHook audit) { audit_ = std::move(audit); }
  /// Opens the store, which makes it at the first start, and reads it. `shared`: one that has been
  /// opened already, instead of what the configuration says.
  Loaded<void> open(std::unique_ptr<access::ObjectStore> shared = nullptr);
  /// The roles and users of files; at once before start(), on the access thread afterwards.
  void take_files(access::FileObjects files);
  /// `clusters` is asked a few times a second, on the access thread.
  void start(std::function<std::vector<access::ClusterFacts>()> clusters);
  /// Asks for the clusters at once. Any thread.
  void refresh_clusters();
  /// Whether some cluster's kinds are known here too, so that grants in it count. Any thread.
  bool knows_a_cluster() const;
  void stop();

  access::AccessState& state() { return *state_; }
  /// What sessions serve the access API by; it outlives them.
  const access::api::AccessApi& api() const { return *api_; }
  std::shared_ptr<const SessionAuthenticator> authenticator() const { return authenticator_; }
  /// Why the store cannot be used at present; nullopt: it can. Any thread, after open().
  std::optional<std::string> store_fault() const { return state_->store_fault(); }

  /// If nobody can administer yet (AccessState::ensure_administrator), hands out the first
  /// administrator's one-time login: with what to do after it on the terminal, when standard error
  /// is one, else in `dataDir/first-login`, mode 0600. `server` and `pin` are for the command that
  /// is shown. After take_files(), before start().
  Loaded<void> make_first_login(const std::string& server, const std::string& pin);

 private:
  void make_seeker();

  const ProxyConfiguration& configuration_;
  Log& log_;
  Metrics& metrics_;
  access::AuditHook audit_;
  std::unique_ptr<access::ObjectStore> store_;
  std::optional<access::AccessState> state_;
  std::optional<access::AccessService> service_;
  std::unique_ptr<access::SessionSeeker> seeker_;  ///< nullptr: nobody else makes sessions
  std::optional<access::api::WatchHub> watches_;
  std::optional<access::api::AccessApi> api_;
  std::shared_ptr<const SessionAuthenticator> authenticator_;
  std::function<std::vector<access::ClusterFacts>()> clusters_;
  access::Subscription wake_;
  bool started_ = false;
};

/// What names begin with that another authenticator than the password may prove, and that
/// administer then: who has one needs no first login.
std::vector<std::string> names_proved_otherwise(const ProxyConfiguration& configuration);
/// The options of the state by the configuration.
access::StateOptions state_options(const ProxyConfiguration& configuration);

}  // namespace postern::proxy
