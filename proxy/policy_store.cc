#include "proxy/policy_store.h"

#include "proxy/read_file.h"
#include "rbac/load.h"

#include <algorithm>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxFileBytes = 8 * 1024 * 1024;
constexpr std::string_view kWhat = "roles and users";

ConfigError to_error(const rbac::LoadMessage& message) {
  std::string key = message.object;
  if (!key.empty() && !message.key_path.empty()) key += ": ";
  key += message.key_path;
  return {message.file, message.line, message.column, std::move(key), message.message};
}

/// The files' roles and the presets that they do not replace.
std::vector<rbac::Role> with_presets(std::vector<rbac::Role> roles) {
  for (rbac::Role& preset : rbac::preset_roles()) {
    const bool replaced = std::any_of(roles.begin(), roles.end(), [&](const rbac::Role& role) {
      return role.name == preset.name;
    });
    if (!replaced) roles.push_back(std::move(preset));
  }
  return roles;
}

rbac::ImpersonationLimits limits_of(const ImpersonationConfiguration& impersonation) {
  rbac::ImpersonationLimits limits;
  limits.allow_system.insert(impersonation.allow_system.begin(), impersonation.allow_system.end());
  limits.allow_masters = impersonation.allow_masters;
  return limits;
}

}  // namespace

Loaded<LoadedPolicy> load_policy(const ProxyConfiguration& configuration) {
  rbac::LoadResult found;
  ConfigErrors errors;
  for (const std::string& file : configuration.resources) {
    if (auto text = read_file(file, kMaxFileBytes)) {
      found.merge(rbac::load_documents(file, *text));
    } else {
      errors.insert(errors.end(), text.error().begin(), text.error().end());
    }
  }
  for (const rbac::LoadMessage& error : found.errors) errors.push_back(to_error(error));
  LoadedPolicy loaded;
  loaded.roles = found.roles.size();
  loaded.users = found.users.size();
  for (const rbac::LoadMessage& warning : found.warnings) loaded.warnings.push_back(warning.str());

  auto roles = with_presets(std::move(found.roles));
  const auto& group_roles = configuration.authentication.group_roles;
  // A role that was refused above would be told a second time as one that does not exist.
  if (errors.empty()) {
    for (const auto& error : rbac::check_references(roles, found.users, group_roles)) {
      errors.push_back(to_error(error));
    }
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  loaded.policy = std::make_shared<const rbac::Policy>(configuration.cluster_name, std::move(roles),
                                                       std::move(found.users), group_roles,
                                                       limits_of(configuration.impersonation));
  for (std::string& warning : loaded.policy->warnings()) {
    loaded.warnings.push_back(std::move(warning));
  }
  return loaded;
}

void PolicyStore::publish(LoadedPolicy loaded) {
  for (const std::string& warning : loaded.warnings) {
    report_.log().warn("in a role or user", {{"what", warning}});
  }
  snapshot_.publish(std::move(loaded.policy));
  report_.succeeded(ReloadKind::kPolicy, kWhat);
}

Loaded<void> PolicyStore::load() {
  auto loaded = load_policy(configuration_);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  publish(std::move(*loaded));
  return {};
}

void PolicyStore::reload() {
  if (auto loaded = load_policy(configuration_)) {
    publish(std::move(*loaded));
  } else {
    report_.failed(ReloadKind::kPolicy, kWhat, loaded.error());
  }
}

}  // namespace postern::proxy
