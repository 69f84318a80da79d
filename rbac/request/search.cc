#include "rbac/request/search.h"

#include "rbac/request/role_match.h"

#include <algorithm>
#include <set>
#include <string>

namespace postern::rbac::request {
namespace {

RoleSet existing(const std::set<std::string>& names, const Directory& directory) {
  RoleSet roles;
  for (const std::string& name : names) {
    const auto found = directory.roles.find(name);
    if (found != directory.roles.end()) {
      roles.push_back(found->second);
    }
  }
  return roles;
}

}  // namespace

RoleSet roles_to_search(const Person& person, const Directory& directory, const ResourceId& id) {
  std::set<std::string> names;
  for (std::string& name : search_roles(person, directory)) {
    if (kind_requestable(person, name, id)) {
      names.insert(std::move(name));
    }
  }
  return existing(names, directory);
}

RoleSet roles_to_preview(const Person& person, const Directory& directory) {
  std::set<std::string> names;
  for (const auto& role : person.roles) {
    const auto& preview = role->allow.review_requests.preview_as_roles;
    names.insert(preview.begin(), preview.end());
  }
  for (const auto& role : person.roles) {
    for (const std::string& denied : role->deny.review_requests.preview_as_roles) {
      names.erase(denied);
    }
  }
  for (std::string& name : search_roles(person, directory)) {
    names.insert(std::move(name));
  }
  return existing(names, directory);
}

}  // namespace postern::rbac::request
