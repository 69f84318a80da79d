// What a request is allowed as, once it is known which roles cover it: the principals, the shares
// of a filtered answer, what of it may be shown.

#include "rbac/decide.h"
#include "rbac/share_rules.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

std::string explain(const RuleRef& rule, const RoleContext& context) {
  std::string text = "allowed by " + rule.str();
  return context.request.empty() ? text : text + ", request " + context.request;
}

/// "filtered by the rules of role dev (request k3n5x0a1b2), role ops".
std::string explain(const std::vector<Share>& shares) {
  std::string text;
  for (const Share& share : shares) {
    for (const std::string& role : share.roles) {
      text += (text.empty() ? "filtered by the rules of role " : ", role ") + role;
      text += share.grant.empty() ? "" : " (request " + share.grant + ")";
    }
  }
  return text;
}

/// The earlier end; no end is later than any.
std::optional<TimePoint> earlier(std::optional<TimePoint> a, std::optional<TimePoint> b) {
  if (!a || !b) {
    return a ? a : b;
  }
  return std::min(*a, *b);
}

/// Whether `a` ends later than `b`.
bool ends_later(const RoleContext& a, const RoleContext& b) {
  return b.expires_at && (!a.expires_at || *b.expires_at < *a.expires_at);
}

/// What of the client's choice of groups concerns this role; the rest may concern others.
ImpersonationChoice choice_for(const UsableRole& role, const ImpersonationChoice& choice) {
  ImpersonationChoice part = choice;
  std::erase_if(part.groups, [&role](const std::string& group) {
    return group != kAuthenticated &&
           std::find(role.groups.begin(), role.groups.end(), group) == role.groups.end();
  });
  return part;
}

}  // namespace

/// Roles of one context add up; of several, the one that lasts longest is taken whose principals
/// can be chosen.
Decision Decider::allow_together(const std::vector<Covering>& covering) {
  std::vector<const RoleContext*> contexts;
  for (const Covering& one : covering) {
    if (contexts.empty() || contexts.back() != one.context) {
      contexts.push_back(one.context);
    }
  }
  std::stable_sort(contexts.begin(), contexts.end(),
                   [](const auto* a, const auto* b) { return ends_later(*a, *b); });
  std::optional<PrincipalRefusal> refusal;
  for (const RoleContext* context : contexts) {
    std::vector<const UsableRole*> roles;
    Share share;
    Decision decision;
    for (const Covering& one : covering) {
      if (one.context == context) {
        if (roles.empty()) {
          decision.explanation = explain(one.rule, *context);
          decision.decided_by = one.rule.deciding();
        }
        roles.push_back(one.role);
        share.roles.push_back(one.role->name());
      }
    }
    auto principals = choose_principals(subject_.user(), roles, choice_);
    if (!principals) {
      refusal = refusal ? refusal : principals.error();
      continue;
    }
    share.principals = std::move(*principals);
    share.grant = context->request;
    decision.verdict = Verdict::kAllow;
    decision.grant = context->request;
    decision.expires_at = context->expires_at;
    decision.shares.push_back(std::move(share));
    decision.may_read = may_read();
    return decision;
  }
  return deny_principals(*refusal);
}

/// Whether the object of a write may be shown in the answer.
bool Decider::may_read() const {
  if (!required_.shows_object) {
    return true;
  }
  Need read = required_.main();
  read.verbs = Verb::kGet;
  bool given = false;
  for_each_role([&](const RoleContext& context, const UsableRole& role) {
    given = given || (role.problem.empty() && allowing_rule(context, role, cluster_, read));
  });
  return given && !denying_rule(rules_, cluster_, read);
}

Decision Decider::allow_by_shares(const std::vector<Covering>& covering) {
  std::vector<const UsableRole*> all;
  for (const Covering& one : covering) {
    all.push_back(one.role);
  }
  if (!choice_.empty()) {
    const auto chosen = choose_principals(subject_.user(), all, choice_);
    if (!chosen && chosen.error().kind == PrincipalRefusal::Kind::kNotAllowed) {
      return deny_principals(chosen.error());
    }
  }
  Decision decision;
  for (const Covering& one : covering) {
    const ImpersonationChoice part = choice_for(*one.role, choice_);
    auto principals = choose_principals(subject_.user(), {one.role}, part);
    if (!principals && principals.error().kind == PrincipalRefusal::Kind::kSeveralUsers) {
      return deny_principals(principals.error());
    }
    if (!principals || (part.groups.empty() && !choice_.groups.empty())) {
      continue;  // the client chose others than this role's
    }
    const auto same =
        std::find_if(decision.shares.begin(), decision.shares.end(), [&](const Share& share) {
          return share.principals == *principals && share.grant == one.context->request;
        });
    Share& share = same != decision.shares.end() ? *same : decision.shares.emplace_back();
    share.principals = std::move(*principals);
    share.grant = one.context->request;
    share.roles.push_back(one.role->name());
    decision.expires_at = earlier(decision.expires_at, one.context->expires_at);
  }
  if (decision.shares.empty()) {
    return deny("no role gives this to the principals that the client chose");
  }
  decision.verdict = Verdict::kAllowFiltered;
  decision.grant = decision.shares.front().grant;
  decision.explanation = explain(decision.shares);
  return decision;
}

/// Gives every share its rules, and the answer for the case that the cluster allows none of them.
void Decider::finish_filtered(Decision& decision, const std::vector<Covering>& covering) const {
  const bool events = required_.kind == Requirement::Kind::kEvents;
  const auto collection = std::make_shared<const Collection>(subject_.shared_rules(), cluster_,
                                                             required_.main(), events);
  for (Share& share : decision.shares) {
    std::vector<ShareTerm> terms;
    for (const Covering& one : covering) {
      const bool in_share =
          one.context->request == share.grant &&
          std::find(share.roles.begin(), share.roles.end(), one.role->name()) != share.roles.end();
      if (in_share) {
        terms.push_back({one.context, one.role});
      }
    }
    share.rules = std::make_shared<const ShareRules>(collection, std::move(terms));
  }
  decision.verdict = Verdict::kAllowFiltered;
  decision.by_event_references = events;
  decision.status = deny("").status;
  decision.may_read = !required_.shows_object || may_read_deleted(covering);
}

/// Whether everything that these roles could delete they could read as well.
bool Decider::may_read_deleted(const std::vector<Covering>& covering) const {
  const Need& need = required_.main();
  const auto shows = [&](const Rule& rule) {
    return !rule.verbs.intersects(need.verbs) || rule.verbs.contains(Verb::kGet);
  };
  const auto all_shown_by = [&](const RoleRules& role) {
    return !role.allow.any_rule(need.object.group, need.object.plural,
                                [&](const Rule& rule, std::uint32_t) { return !shows(rule); });
  };
  const auto all_show = [&](const Covering& one) {
    return all_shown_by(*one.role->rules) &&
           (one.role->today == nullptr || all_shown_by(*one.role->today));
  };
  const auto hides = [&](const auto& role) {
    return role->deny.any_rule(
        need.object.group, need.object.plural, [&](const Rule& rule, std::uint32_t) {
          return rule.verbs.contains(Verb::kGet) && !rule.verbs.contains(Verb::kDelete);
        });
  };
  return std::all_of(covering.begin(), covering.end(), all_show) &&
         std::none_of(rules_.denying.begin(), rules_.denying.end(), hides);
}

}  // namespace postern::rbac
