#pragma once

#include "rbac/evaluate.h"

#include <cstddef>

namespace postern::rbac {

/// Whether a collection could hold anything that a role lets through (behaviour reference §1.6,
/// §3.5).
///
/// Says no only when it is sure: what is in doubt is asked for upstream and filtered. So it also
/// stops after a bounded number of comparisons.
class CollectionProbe {
 public:
  /// The references must outlive the probe. An empty namespace of the need means every namespace,
  /// NameScope::kEvery every name.
  CollectionProbe(const SubjectRules& rules, const Cluster& cluster, const Need& need)
      : rules_(rules), cluster_(cluster), need_(need) {}

  bool could_match(const RoleContext& context, const UsableRole& role);
  /// The same for reading events: whether anything that they may be about could be readable.
  bool could_match_events(const RoleContext& context, const UsableRole& role);

 private:
  /// The names and namespaces that one rule reaches within the collection.
  struct Domain {
    const Pattern* namespace_ = nullptr;  ///< nullptr: the one that was asked for, or none
    const Pattern* name = nullptr;
  };

  template <typename Accept>
  bool any_domain(const RuleIndex& index, Accept accept);
  bool intersects(const Domain& domain, const RuleIndex& index);
  bool is_wiped(const Domain& domain);
  bool wipes(const Rule& deny, const Domain& domain) const;
  bool spent() { return budget_ == 0 || --budget_ == 0; }
  bool reaches_events(const RuleIndex& index) const;

  const SubjectRules& rules_;
  const Cluster& cluster_;
  const Need& need_;
  std::size_t budget_ = 20'000;
};

}  // namespace postern::rbac
