#pragma once

#include "rbac/request/directory.h"
#include "rbac/request/frozen_role.h"
#include "rbac/resource_id.h"
#include "rbac/verb.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac::request {

/// What one allow rule of a role reaches, with its version's meaning applied, as coarsely as it is
/// enough to choose roles for a request and to tell reviewers what it implies. It decides about no
/// Kubernetes request: rbac::authorize does, where role and resource ID have to match both.
struct Reach {
  enum class Kinds {
    kOne,             ///< `plural` in groups that `group` matches
    kAll,             ///< every kind in groups that `group` matches
    kWholeNamespace,  ///< v7 `namespace`: everything inside namespaces that `name` matches
    kKnownButPods,    ///< roles before v7: the short kinds other than pod
  };
  Kinds kinds = Kinds::kOne;
  Pattern group;
  std::string plural;
  Pattern namespace_;
  Pattern name;
  VerbSet verbs;
};

/// What the allow rules reach, with defaults where there are none (design §2 "Role versions").
std::vector<Reach> reaches_of(const FrozenRole& role);

/// Whether the role's labels match the cluster; roles of version v3 without labels match every one.
bool reaches_cluster(const FrozenRole& role, const KnownCluster& cluster);

/// Whether the rule accepts what the ID asks for. Verbs do not count. Patterns are compared as
/// texts: `nginx*` accepts `nginx-*` and `nginx-1`, but not `*`; a regular expression is accepted
/// where the rule surely matches everything that it does. A whole namespace is accepted by every
/// rule that is about that namespace, a whole cluster by every rule.
bool accepts(const Reach& reach, const ResourceId& id);

/// Whether the role's own denies surely take all of what the ID asks for at this cluster, so that
/// the role gives nothing of it, whatever it allows. False when in doubt.
bool denies_all(const FrozenRole& role, const KnownCluster& cluster, const ResourceId& id);

/// Whether some object could be reached by both. True when in doubt.
bool may_touch(const Reach& reach, const ResourceId& id);

/// Whether the rule is about this kind, somewhere.
bool concerns(const Reach& reach, std::string_view group, std::string_view plural, bool namespaced);

}  // namespace postern::rbac::request
