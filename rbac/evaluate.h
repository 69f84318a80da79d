#pragma once

#include "rbac/authorize.h"
#include "rbac/requirement.h"
#include "rbac/subject_rules.h"

#include <optional>
#include <string>

namespace postern::rbac {

/// A rule that decided something.
struct RuleRef {
  const Role* role = nullptr;
  bool allow = false;
  int source = -1;  ///< the entry of kubernetes_resources; -1: none in particular

  /// "role dev, allow.kubernetes_resources[2]".
  std::string str() const;
  DecidingRule deciding() const { return {role->name, allow, source}; }
};

/// A rule of the index that gives the need; RuleIndex::kNone where there is none. Knows what is
/// special about namespace objects: whatever reaches inside makes them readable, and only few rules
/// change them.
int find_allowing(const RuleIndex& index, const Need& need);

/// Whether this role of this context gives the need at the cluster: by its rules, in a grant also
/// by today's rules and by the resource IDs. Denies and the cluster's labels are not looked at.
std::optional<RuleRef> allowing_rule(const RoleContext& context, const UsableRole& role,
                                     const Cluster& cluster, const Need& need);

/// The deny that takes the need at the cluster, by its effect, if there is one.
std::optional<RuleRef> denying_rule(const SubjectRules& rules, const Cluster& cluster,
                                    const Need& need);

/// Calls `visit(group)` for every group that the need's object is served under, the need's own
/// first: denies of each count.
template <typename Visit>
void for_each_denied_group(const Need& need, Visit visit) {
  visit(need.object.group);
  if (need.served_as) {
    visit(*need.served_as);
  }
  if (const char* alias = alias_group(need.object.group, need.object.plural)) {
    visit(std::string_view(alias));
  }
}

}  // namespace postern::rbac
