#pragma once

#include "rbac/pattern.h"
#include "rbac/request/directory.h"
#include "rbac/resource_id.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac::request {

/// Whether some pattern matches the name. Under deny, a pattern that lacks a trait matches all.
bool matches_any(const std::vector<PatternTemplate>& patterns, const Traits& traits,
                 std::string_view name, Effect effect);

/// Whether the role's `kubernetes_labels` match the cluster's labels.
bool labels_match(const Role& role, const Traits& traits,
                  const std::map<std::string, std::string>& labels);

/// Whether the role, one of the person's own, lists the other one in `request.roles` or in
/// `request.search_as_roles`. Such a role has a say in the request: thresholds, duration, reason,
/// annotations.
bool lists(const Role& own, const Traits& traits, std::string_view requested);

/// Whether a request for roles may name this one.
bool may_request(const Person& person, std::string_view role);

/// Whether some deny takes the role away from searches and requests for resources.
bool search_denied(const Person& person, std::string_view role);

/// The roles that the person may search as, and so request resources with, that exist; sorted.
std::vector<std::string> search_roles(const Person& person, const Directory& directory);

/// Whether `request.kubernetes_resources` lets the person ask for this ID with this search role.
///
/// Lists of roles that allow the same search role are joined; one that is empty or absent allows
/// every kind. `*` is every kind but `kube_cluster`. Denies count whichever role they are in, and
/// by effect: who may not request secrets may not request what includes them, a whole namespace or
/// cluster, either.
bool kind_requestable(const Person& person, std::string_view search_role, const ResourceId& id);

/// The kinds that may be requested with this search role, for a refusal: "pod, secret", or "any
/// kind", or "none".
std::string requestable_kinds(const Person& person, std::string_view search_role);

}  // namespace postern::rbac::request
