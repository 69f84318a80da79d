#pragma once

#include "rbac/pattern.h"
#include "rbac/verb.h"

#include <string>
#include <string_view>

namespace postern::rbac {

/// One rule with its role's version worked out: what every version's `kubernetes_resources`, and a
/// grant's resource IDs, become. A value.
struct Rule {
  Pattern group = Pattern::any();  ///< "" is core
  std::string plural;              ///< "": every kind
  bool namespaced = false;         ///< reaches objects in the namespaces that `namespace_` matches
  Pattern namespace_;
  bool cluster_scoped = false;  ///< reaches objects without a namespace
  Pattern name;
  VerbSet verbs;
  /// May change and delete namespace objects: a v8 rule for `namespaces`, or a total wildcard.
  bool writes_namespaces = false;
  /// Written with `*` in every field, outside of a grant.
  bool total = false;
  /// The entry of `kubernetes_resources` or of the resource IDs; -1: a default of the role's
  /// version.
  int source = -1;
};

/// Which names something is about.
enum class NameScope {
  kExact,      ///< this one
  kGenerated,  ///< every one that Kubernetes could make of this base
  kEvery,      ///< all of them: nobody knows which
};

/// An object, or several, as rules see it. Views live as long as the call.
struct ObjectRef {
  std::string_view group;
  std::string_view plural;
  bool namespaced = false;
  std::string_view namespace_;  ///< "" for cluster-scoped objects
  std::string_view name;
  NameScope scope = NameScope::kExact;
};

/// Whether the rule reaches this object (of several names every one, to allow; any of them, to
/// deny). Verbs are not looked at. The plain reading of a rule, which RuleIndex is tested against.
bool reaches(const Rule& rule, const ObjectRef& object, Effect effect);

/// Whether it reaches objects of this kind at all, wherever.
bool reaches_kind(const Rule& rule, std::string_view group, std::string_view plural);

}  // namespace postern::rbac
