#include "rbac/load.h"

#include <stdexcept>
#include <string_view>

namespace postern::rbac {
namespace {

/// What one starts from; a file's role of the same name takes the place of a preset.
constexpr std::string_view kPresets = R"(
kind: role
version: v8
metadata:
  name: access
  description: Everything in every cluster, in the name of the user and of the user's groups there
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: ['{{internal.kubernetes_groups}}']
    kubernetes_users: ['{{internal.kubernetes_users}}']
    kubernetes_resources:
    - {kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}
---
kind: role
version: v8
metadata:
  name: requester
  description: May ask for the role access and for what it reaches
spec:
  allow:
    request:
      roles: [access]
      search_as_roles: [access]
---
kind: role
version: v8
metadata:
  name: reviewer
  description: May review requests for the role access
spec:
  allow:
    review_requests:
      roles: [access]
      preview_as_roles: [access]
---
kind: role
version: v8
metadata:
  name: editor
  description: Administers roles, users, sessions and requests
spec:
  allow:
    rules:
    - resources: [access_request, role, user, session, kube_cluster]
      verbs: [read, list, create, update, delete]
---
kind: role
version: v8
metadata:
  name: auditor
  description: Sees roles, users, sessions and requests
spec:
  allow:
    rules:
    - resources: [access_request, role, user, session, kube_cluster]
      verbs: [read, list]
)";

}  // namespace

std::string_view preset_documents() {
  return kPresets;
}

std::vector<Role> preset_roles() {
  LoadResult result = load_documents("presets", kPresets);
  if (!result.ok()) {
    throw std::logic_error(result.errors.front().str());
  }
  return std::move(result.roles);
}

}  // namespace postern::rbac
