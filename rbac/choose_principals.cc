#include "rbac/choose_principals.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

void sort_unique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

std::vector<std::string> users_of(const UserInfo& user,
                                  const std::vector<const UsableRole*>& roles) {
  std::vector<std::string> users;
  for (const UsableRole* role : roles) {
    users.insert(users.end(), role->users.begin(), role->users.end());
  }
  if (users.empty()) {
    users.push_back(user.name);
  }
  sort_unique(users);
  return users;
}

std::vector<std::string> groups_of(const std::vector<const UsableRole*>& roles) {
  std::vector<std::string> groups = {kAuthenticated};
  for (const UsableRole* role : roles) {
    groups.insert(groups.end(), role->groups.begin(), role->groups.end());
  }
  sort_unique(groups);
  return groups;
}

}  // namespace

tl::expected<Principals, PrincipalRefusal> choose_principals(
    const UserInfo& user, const std::vector<const UsableRole*>& roles,
    const ImpersonationChoice& choice) {
  using Kind = PrincipalRefusal::Kind;
  std::vector<std::string> users = users_of(user, roles);
  std::vector<std::string> groups = groups_of(roles);
  if (choice.user && !choice.user->empty()) {
    if (!contains(users, *choice.user)) {
      return tl::unexpected(PrincipalRefusal{Kind::kNotAllowed, "users", *choice.user, {}});
    }
    users = {*choice.user};
  } else if (users.size() > 1) {
    return tl::unexpected(PrincipalRefusal{Kind::kSeveralUsers, "", "", std::move(users)});
  }
  for (const std::string& group : choice.groups) {
    if (!contains(groups, group)) {
      return tl::unexpected(PrincipalRefusal{Kind::kNotAllowed, "groups", group, {}});
    }
  }
  if (!choice.groups.empty()) {
    groups = choice.groups;
    groups.emplace_back(kAuthenticated);
    sort_unique(groups);
  }
  return Principals{std::move(users.front()), std::move(groups)};
}

Principals own_principals(const UserInfo& user) {
  return {user.name, {kAuthenticated}};
}

}  // namespace postern::rbac
