#pragma once

#include "proxy/config.h"
#include "proxy/net/snapshot.h"
#include "proxy/reload_report.h"
#include "rbac/policy.h"

#include <memory>
#include <string>
#include <vector>

namespace postern::proxy {

/// Roles and users as they stand in the files of `resources:`, with what the loading warned of.
struct LoadedPolicy {
  std::shared_ptr<const rbac::Policy> policy;
  std::vector<std::string> warnings;
  std::size_t roles = 0;  ///< presets left out
  std::size_t users = 0;
};

/// Reads every file and makes the policy; all errors at once, each with file, line, column and key
/// path. The preset roles are there unless a file has a role of that name.
Loaded<LoadedPolicy> load_policy(const ProxyConfiguration& configuration);

/// The policy in force. load() once, before anything is served; then reload() on the thread that
/// watches the files, and snapshot() from any thread.
class PolicyStore {
 public:
  /// `configuration` must outlive the store.
  PolicyStore(const ProxyConfiguration& configuration, ReloadReport report)
      : configuration_(configuration), report_(report) {}

  Loaded<void> load();
  /// A policy that cannot be loaded as a whole leaves the one before in force, is logged and
  /// counted.
  void reload();
  const Snapshot<rbac::Policy>& snapshot() const { return snapshot_; }
  const std::vector<std::string>& files() const { return configuration_.resources; }

 private:
  void publish(LoadedPolicy loaded);

  const ProxyConfiguration& configuration_;
  ReloadReport report_;
  Snapshot<rbac::Policy> snapshot_;
};

}  // namespace postern::proxy
