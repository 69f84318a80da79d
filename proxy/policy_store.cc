#include "proxy/policy_store.h"

#include "proxy/access/state/documents.h"
#include "proxy/read_file.h"
#include "rbac/load.h"

#include <iterator>
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

template <typename T>
void append(std::vector<T>& to, std::vector<T>&& from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

rbac::ImpersonationLimits limits_of(const ImpersonationConfiguration& impersonation) {
  rbac::ImpersonationLimits limits;
  limits.allow_system.insert(impersonation.allow_system.begin(), impersonation.allow_system.end());
  limits.allow_masters = impersonation.allow_masters;
  return limits;
}

namespace {

std::vector<rbac::Role> roles_of(const access::FileObjects& objects) {
  std::vector<rbac::Role> roles;
  for (const access::RoleObject& role : objects.roles) roles.push_back(*role.role);
  return roles;
}

std::vector<rbac::User> users_of(const access::FileObjects& objects) {
  std::vector<rbac::User> users;
  for (const access::UserObject& user : objects.users) users.push_back(*user.user);
  return users;
}

void read_into(const std::string& file, LoadedPolicy& loaded, ConfigErrors& errors) {
  auto text = read_file(file, kMaxFileBytes);
  if (!text) {
    append(errors, std::move(text.error()));
    return;
  }
  access::LoadedFile found = access::load_file_objects(file, *text);
  for (const rbac::LoadMessage& error : found.errors) errors.push_back(to_error(error));
  for (const rbac::LoadMessage& warning : found.warnings) loaded.warnings.push_back(warning.str());
  append(loaded.objects.roles, std::move(found.objects.roles));
  append(loaded.objects.users, std::move(found.objects.users));
}

}  // namespace

Loaded<LoadedPolicy> load_policy(const ProxyConfiguration& configuration) {
  LoadedPolicy loaded;
  ConfigErrors errors;
  for (const std::string& file : configuration.resources) read_into(file, loaded, errors);
  loaded.roles = loaded.objects.roles.size();
  loaded.users = loaded.objects.users.size();
  append(loaded.objects.roles, access::presets_beside(loaded.objects.roles));

  auto roles = roles_of(loaded.objects);
  auto users = users_of(loaded.objects);
  const auto& group_roles = configuration.authentication.group_roles;
  // A role that was refused above would be told a second time as one that does not exist.
  if (errors.empty()) {
    for (const auto& error : rbac::check_references(roles, users, group_roles)) {
      errors.push_back(to_error(error));
    }
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  loaded.policy = std::make_shared<const rbac::Policy>(configuration.cluster_name, std::move(roles),
                                                       std::move(users), group_roles,
                                                       limits_of(configuration.impersonation));
  append(loaded.warnings, loaded.policy->warnings());
  return loaded;
}

void PolicyStore::hand_over(LoadedPolicy loaded) {
  for (const std::string& warning : loaded.warnings) {
    report_.log().warn("in a role or user", {{"what", warning}});
  }
  if (take_) take_(std::move(loaded.objects));
  report_.succeeded(ReloadKind::kPolicy, kWhat);
}

Loaded<void> PolicyStore::load() {
  auto loaded = load_policy(configuration_);
  if (!loaded) return tl::unexpected(std::move(loaded.error()));
  hand_over(std::move(*loaded));
  return {};
}

void PolicyStore::reload() {
  if (auto loaded = load_policy(configuration_)) {
    hand_over(std::move(*loaded));
  } else {
    report_.failed(ReloadKind::kPolicy, kWhat, loaded.error());
  }
}

}  // namespace postern::proxy
