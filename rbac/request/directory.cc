#include "rbac/request/directory.h"

#include "rbac/request/role_match.h"

#include <algorithm>

namespace postern::rbac::request {
namespace {

bool names(const std::vector<std::string>& list, std::string_view word) {
  return std::any_of(list.begin(), list.end(),
                     [&](const std::string& each) { return each == "*" || each == word; });
}

bool any_rule(const std::vector<AdminRule>& rules, std::string_view resource,
              std::string_view verb) {
  return std::any_of(rules.begin(), rules.end(), [&](const AdminRule& rule) {
    return names(rule.resources, resource) && names(rule.verbs, verb);
  });
}

}  // namespace

std::vector<std::string> Person::role_names() const {
  std::vector<std::string> names;
  for (const auto& role : roles) {
    names.push_back(role->name);
  }
  return names;
}

const Role* Directory::role(std::string_view name) const {
  const auto found = roles.find(name);
  return found == roles.end() ? nullptr : found->second.get();
}

const KnownCluster* Directory::kube_cluster(std::string_view name) const {
  const auto found = kube_clusters.find(name);
  return found == kube_clusters.end() ? nullptr : &found->second;
}

Administration administration(const Person& person, std::string_view resource,
                              std::string_view verb) {
  Administration answer;
  for (const auto& role : person.roles) {
    if (any_rule(role->deny.rules, resource, verb)) {
      return {false, role.get()};
    }
    if (!answer.allowed && any_rule(role->allow.rules, resource, verb)) {
      answer = {true, role.get()};
    }
  }
  return answer;
}

bool administers(const Person& person, std::string_view resource, std::string_view verb) {
  return administration(person, resource, verb).allowed;
}

bool sees_cluster(const Person& person, const Directory& directory, const KnownCluster& cluster) {
  for (const auto& role : person.roles) {
    if (labels_match(*role, person.traits, cluster.labels)) {
      return true;
    }
    for (const std::string& name : role->allow.request.search_as_roles) {
      const Role* search = directory.role(name);
      if (search != nullptr && !search_denied(person, name) &&
          labels_match(*search, person.traits, cluster.labels)) {
        return true;
      }
    }
  }
  return false;
}

}  // namespace postern::rbac::request
