// Which roles cover a request for objects, and what follows where there are none.

#include "rbac/could_match.h"
#include "rbac/decide.h"

namespace postern::rbac {
namespace {

bool reaches_every_namespace(const RoleRules& role, const Need& need) {
  return role.allow.any_rule(
      need.object.group, need.object.plural, [&](const Rule& rule, std::uint32_t) {
        return rule.namespaced && rule.namespace_.is_any() && rule.verbs.intersects(need.verbs);
      });
}

}  // namespace

std::optional<RuleRef> Decider::denying_need() const {
  for (const Need& need : required_) {
    if (auto rule = denying_rule(rules_, cluster_, need)) {
      return rule;
    }
  }
  return std::nullopt;
}

/// The rule that gives the first need, if the role gives them all.
std::optional<RuleRef> Decider::covers(const RoleContext& context, const UsableRole& role) const {
  if (required_.total_only) {
    const int rule = role.rules->allow.total_wildcard();
    if (rule == RuleIndex::kNone) {
      return std::nullopt;
    }
    return RuleRef{role.rules->role.get(), true,
                   role.rules->allow.rules()[static_cast<std::size_t>(rule)].source};
  }
  std::optional<RuleRef> first;
  for (const Need& need : required_) {
    auto rule = allowing_rule(context, role, cluster_, need);
    if (!rule) {
      return std::nullopt;
    }
    first = first ? first : rule;
  }
  return first;
}

/// The same for a collection, and for an object whose name is not known yet.
std::optional<RuleRef> Decider::could_cover(const RoleContext& context,
                                            const UsableRole& role) const {
  if (required_.total_only) {
    return covers(context, role);
  }
  CollectionProbe probe(rules_, cluster_, required_.main());
  const bool could = required_.kind == Requirement::Kind::kEvents
                         ? probe.could_match_events(context, role)
                         : probe.could_match(context, role);
  if (!could || (any_namespace_ && !reaches_every_namespace(*role.rules, required_.main()))) {
    return std::nullopt;
  }
  return RuleRef{role.rules->role.get(), true, -1};
}

/// The roles that cover the request; `named`: a single object, whose name is known. Where there are
/// only such as may not be used, problem_ says why.
std::vector<Decider::Covering> Decider::covering_roles(bool named) {
  std::vector<Covering> covering;
  for_each_role([&](const RoleContext& context, const UsableRole& role) {
    const auto rule = named ? covers(context, role) : could_cover(context, role);
    if (rule && role.problem.empty()) {
      covering.push_back({&context, &role, *rule});
    } else if (rule) {
      problem_ = role.problem;
    }
  });
  if (!covering.empty()) {
    problem_.clear();
  }
  return covering;
}

Decision Decider::ask_for_body(const std::vector<Covering>& covering) {
  Decision decision = allow_by_shares(covering);
  if (decision.verdict != Verdict::kDeny) {
    decision.verdict = Verdict::kDeny;
    decision.status = deny("").status;
    decision.explanation = "the body has not been read yet";
    decision.needs_body = true;
  }
  return decision;
}

Decision Decider::decide_object() {
  // Before the body of a create has been read, its name may be any.
  const bool any_name =
      required_.main().object.scope == NameScope::kEvery || any_name_ || any_namespace_;
  if (const auto rule = any_name ? std::nullopt : denying_need()) {
    return deny_by(*rule);
  }
  const std::vector<Covering> covering = covering_roles(!any_name);
  if (covering.empty()) {
    return deny("no role gives " + verb_names(required_.main().verbs) + " on this" + within());
  }
  if (required_.needs_body) {
    return ask_for_body(covering);
  }
  return any_name ? allow_by_shares(covering) : allow_together(covering);
}

/// Whether a collection is one object in truth, by its field selectors.
bool Decider::is_one_object() const {
  const ObjectRef& object = required_.main().object;
  return required_.kind == Requirement::Kind::kCollection && object.scope == NameScope::kExact &&
         object.namespaced != object.namespace_.empty();
}

Decision Decider::decide_collection() {
  const bool one = is_one_object();
  if (const auto rule = one ? denying_need() : std::nullopt) {
    return deny_by(*rule);
  }
  const std::vector<Covering> covering = covering_roles(one);
  if (covering.empty()) {
    return deny("no role could give " + verb_names(required_.main().verbs) + " on any of these" +
                within());
  }
  Decision decision = one ? allow_together(covering) : allow_by_shares(covering);
  if (decision.verdict != Verdict::kDeny) {
    finish_filtered(decision, covering);
  }
  return decision;
}

}  // namespace postern::rbac
