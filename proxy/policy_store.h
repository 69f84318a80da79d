#pragma once

#include "proxy/access/state/access_state.h"
#include "proxy/config.h"
#include "proxy/reload_report.h"
#include "rbac/policy.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy {

/// Roles and users as they stand in the files of `resources:`, with what the loading warned of.
struct LoadedPolicy {
  access::FileObjects objects;  ///< presets among them
  /// What they come to without the store.
  std::shared_ptr<const rbac::Policy> policy;
  std::vector<std::string> warnings;
  std::size_t roles = 0;  ///< presets left out
  std::size_t users = 0;
};

/// `impersonation:` as policies have it.
rbac::ImpersonationLimits limits_of(const ImpersonationConfiguration& impersonation);

/// Reads every file and makes the policy; all errors at once, each with file, line, column and key
/// path. The preset roles are there unless a file has a role of that name. What files refer to has
/// to be in files or presets: they are good or bad whatever the store has.
Loaded<LoadedPolicy> load_policy(const ProxyConfiguration& configuration);

/// The roles and users of the files in force. load() once, before anything is served; then reload()
/// on the thread that watches the files.
class PolicyStore {
 public:
  /// `configuration` must outlive the store.
  PolicyStore(const ProxyConfiguration& configuration, ReloadReport report)
      : configuration_(configuration), report_(report) {}

  /// Who is given what was loaded, on the thread that loads; before load().
  void on_load(std::function<void(access::FileObjects)> take) { take_ = std::move(take); }
  Loaded<void> load();
  /// Files that cannot be loaded as a whole leave what was before in force; that is logged and
  /// counted.
  void reload();
  const std::vector<std::string>& files() const { return configuration_.resources; }

 private:
  void hand_over(LoadedPolicy loaded);

  const ProxyConfiguration& configuration_;
  ReloadReport report_;
  std::function<void(access::FileObjects)> take_;
};

}  // namespace postern::proxy
