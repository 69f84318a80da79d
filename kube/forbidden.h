#pragma once

#include "kube/request_info.h"
#include "kube/status.h"

#include <string>
#include <string_view>

namespace postern::kube {

/// Who wanted to do what: the words of a refusal. Views live as long as the call.
struct RefusedAction {
  std::string_view user;
  std::string_view verb;
  std::string_view group;
  std::string_view resource;  ///< plural; "" for a non-resource path
  std::string_view subresource;
  std::string_view namespace_;
  std::string_view name;
  std::string_view path;  ///< of non-resource requests
};

/// What `user` wanted with this request. A list or watch that a field selector confines to one name
/// carries that name, as kube-apiserver's attributes do.
RefusedAction refused_action(std::string_view user, const RequestInfo& info);

/// kube-apiserver's sentence (apiserver responsewriters/errors.go, apimachinery NewForbidden):
///
///     pods "db-0" is forbidden: User "alice" cannot get resource "pods" in API group "" in the
///     namespace "dev": WHY
///
/// `pods is forbidden: …` without a name, `… at the cluster scope` without a namespace, `resource
/// "pods/exec"` with a subresource, `forbidden: User "alice" cannot get path "/metrics"` for paths.
/// `&`, `<` and `>` of the action are written as HTML entities, `why` as it is; no colon when `why`
/// is empty.
std::string forbidden_message(const RefusedAction& action, std::string_view why);

/// The whole 403 with its details (name, group, plural as kind).
Status forbidden_status(const RefusedAction& action, std::string_view why);

/// `pods` or `deployments.apps`: a group and a plural as kube-apiserver writes them.
std::string group_resource(std::string_view group, std::string_view resource);

/// kube-apiserver's 404 for a path that no kind is served under: `the server could not find the
/// requested resource`.
Status resource_not_found();

/// kube-apiserver's 404 for an object that is not there: `pods "x" not found`.
Status object_not_found(std::string_view group, std::string_view resource, std::string_view name);

}  // namespace postern::kube
