#pragma once

#include "tests/rbac/request/fixture.h"

#include <string>
#include <vector>

namespace postern::rbac::request {

/// Roles that reach this and that, and roles that may ask for them.
inline const std::string kRoles =
    pod_role("pods", "{kind: pod, namespace: dev, name: '*', verbs: ['*']}") +
    pod_role("nginx", "{kind: pod, namespace: '*', name: 'nginx*', verbs: [get]}") +
    pod_role("spaces", "{kind: namespace, name: 'dev*', verbs: ['*']}", "env: dev") +
    pod_role("secrets", "{kind: secret, namespace: '*', name: '*', verbs: [get]}", "env: prod") +
    pod_role("all", "{kind: '*', namespace: '*', name: '*', verbs: ['*']}") +
    role("widgets",
         "allow: {kubernetes_labels: {env: dev}, kubernetes_resources: [{kind: widgets, api_group: "
         "e.com, namespace: '*', name: '*', verbs: [get]}, {kind: zones, api_group: e.com, name: "
         "'z*', verbs: [get]}]}",
         "v8") +
    role("seek-pods", "allow: {request: {search_as_roles: [pods]}}") +
    role("seek-more", "allow: {request: {search_as_roles: [nginx, secrets, spaces, widgets]}}") +
    role("seek-all", "allow: {request: {search_as_roles: [all]}}") +
    role("no-pods", "deny: {request: {search_as_roles: [pods]}}") +
    role("no-pods-role", "deny: {request: {roles: ['po*']}}") +
    role("asks", "allow: {request: {roles: [pods, 'sec*']}}") +
    role("asks-own", "allow: {request: {roles: ['{{external.own}}']}}") +
    role("asks-any", "allow: {request: {roles: ['*']}}") + role("nothing", "");

inline std::string roles_of(const Result<AccessRequest>& request) {
  if (!request) {
    return said(request);
  }
  std::string text;
  for (const std::string& name : request->spec.roles) {
    text += (text.empty() ? "" : " ") + name;
  }
  return text;
}

inline NewRequest for_ids(std::vector<std::string> ids, std::vector<std::string> roles = {}) {
  NewRequest asked;
  asked.resource_ids = std::move(ids);
  asked.roles = std::move(roles);
  return asked;
}

inline NewRequest for_roles(std::vector<std::string> roles) {
  return for_ids({}, std::move(roles));
}

}  // namespace postern::rbac::request
