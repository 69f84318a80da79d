#pragma once

#include "rbac/authorize.h"
#include "rbac/evaluate.h"
#include "rbac/refusal.h"
#include "rbac/requirement.h"
#include "rbac/subject_rules.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace postern::rbac {

/// One question on its way to a Decision. Lives as long as one call of authorize().
class Decider {
 public:
  Decider(const Policy& policy, const Subject& subject, const Cluster& cluster,
          const kube::ResourceAttributes& attributes, const ImpersonationChoice& choice,
          TimePoint now);

  Decision decide();
  /// The same for a question that leaves the name or the namespace open: whether any object could
  /// be allowed; without a namespace, by a rule for every namespace. An allowed answer has a share
  /// for each set of principals, and nothing else. The request has some name and namespace in their
  /// place, which are not looked at.
  Decision decide_leniently(bool any_name, bool any_namespace);

 private:
  /// A role that covers the request, and the context that it does so in.
  struct Covering {
    const RoleContext* context;
    const UsableRole* role;
    RuleRef rule;
  };

  void loosen();
  /// The request as the refusal tells it.
  const kube::RequestInfo& asked() const {
    return without_placeholders_ ? *without_placeholders_ : info_;
  }
  Decision deny(std::string explanation) const;
  Decision deny_everybody() const;
  Decision deny_by(const RuleRef& rule) const;
  Decision deny_with(kube::Status status, std::string explanation) const;
  Decision deny_principals(const PrincipalRefusal& refusal) const;
  Decision decide_path() const;
  Decision decide_self_review() const;
  Decision decide_object();
  Decision decide_collection();
  Decision ask_for_body(const std::vector<Covering>& covering);

  /// Calls `visit(context, role)` for every live role that matches the cluster.
  template <typename Visit>
  void for_each_role(Visit visit) const {
    for (const RoleContext& context : rules_.contexts) {
      for (const UsableRole& role : context.roles) {
        if (context.is_live(now_) && role.matches_cluster(cluster_)) {
          visit(context, role);
        }
      }
    }
  }
  /// " within request a, b (today's roles no longer …)" in a session that works with what it has
  /// assumed.
  std::string within() const;
  std::vector<const UsableRole*> usable_roles() const;
  std::optional<RuleRef> denying_need() const;
  std::optional<RuleRef> covers(const RoleContext& context, const UsableRole& role) const;
  std::optional<RuleRef> could_cover(const RoleContext& context, const UsableRole& role) const;
  std::vector<Covering> covering_roles(bool named);
  bool is_one_object() const;
  bool may_read() const;
  bool may_read_deleted(const std::vector<Covering>& covering) const;

  /// One decision for all roles of one context together.
  Decision allow_together(const std::vector<Covering>& covering);
  /// A decision with a share for each set of principals.
  Decision allow_by_shares(const std::vector<Covering>& covering);
  void finish_filtered(Decision& decision, const std::vector<Covering>& covering) const;

  const Policy& policy_;
  const Subject& subject_;
  const SubjectRules& rules_;
  const Cluster& cluster_;
  const kube::ResourceAttributes& attributes_;
  const kube::RequestInfo& info_;
  const ImpersonationChoice& choice_;
  TimePoint now_;
  Requirement required_;
  bool any_name_ = false;
  bool any_namespace_ = false;
  std::optional<kube::RequestInfo> without_placeholders_;  ///< of lenient questions
  /// Why a role that covers the request may not be used.
  std::string problem_;
};

/// Whether everybody may read this path of the API server (discovery, versions, health).
bool is_open_path(std::string_view path);

}  // namespace postern::rbac
