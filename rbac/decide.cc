#include "rbac/decide.h"

#include "kube/forbidden.h"
#include "rbac/choose_principals.h"
#include "rbac/evaluate.h"
#include "rbac/may_ask.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

constexpr std::string_view kAccessGroup = "access.postern.dev";

}  // namespace

Decider::Decider(const Policy& policy, const Subject& subject, const Cluster& cluster,
                 const kube::ResourceAttributes& attributes, const ImpersonationChoice& choice,
                 TimePoint now)
    : policy_(policy),
      subject_(subject),
      rules_(subject.rules()),
      cluster_(cluster),
      attributes_(attributes),
      info_(attributes.info),
      choice_(choice),
      now_(now) {}

Decision Decider::deny_with(kube::Status status, std::string explanation) const {
  Decision decision;
  decision.status = std::move(status);
  decision.explanation = std::move(explanation);
  return decision;
}

Decision Decider::deny(std::string explanation) const {
  const std::string& user = subject_.user().name;
  if (!info_.is_resource_request || required_.need_count == 0) {
    return deny_with(access_refusal(user, asked(), ""), std::move(explanation));
  }
  if (!problem_.empty()) {
    return deny_with(kube::forbidden_status(kube::refused_action(user, asked()), problem_),
                     problem_);
  }
  const bool events = required_.kind == Requirement::Kind::kEvents;
  const Need& need = required_.main();
  const std::string id = wanted_id(policy_, cluster_, need, events);
  const WayOut way = way_out(rules_, cluster_, need, events, id);
  return deny_with(way_refusal(user, asked(), id, way), std::move(explanation));
}

/// What no role can give is not worth asking for.
Decision Decider::deny_everybody() const {
  constexpr const char* kNobody = "nobody may do this";
  return deny_with(
      kube::forbidden_status(kube::refused_action(subject_.user().name, asked()), kNobody),
      kNobody);
}

Decision Decider::deny_by(const RuleRef& rule) const {
  Decision decision = deny("denied by " + rule.str());
  decision.decided_by = rule.deciding();
  return decision;
}

std::string Decider::within() const {
  std::string text;
  for (const RoleContext& context : rules_.contexts) {
    if (!context.request.empty()) {
      text += (text.empty() ? " within request " : ", ") + context.request;
      text += context.problem.empty() ? "" : " (" + context.problem + ")";
    }
  }
  return text;
}

Decision Decider::deny_principals(const PrincipalRefusal& refusal) const {
  return deny_with(principal_refusal(subject_.user().name, asked(), refusal),
                   refusal.kind == PrincipalRefusal::Kind::kNotAllowed
                       ? "the client's choice of " + refusal.resource + " is not allowed"
                       : "the client has to choose one of several users");
}

std::vector<const UsableRole*> Decider::usable_roles() const {
  std::vector<const UsableRole*> roles;
  for_each_role([&](const RoleContext&, const UsableRole& role) {
    if (role.problem.empty()) {
      roles.push_back(&role);
    }
  });
  return roles;
}

Decision Decider::decide() {
  if (!rules_.unusable.empty()) {
    return deny(rules_.unusable);
  }
  if (!subject_.user().counts_at(cluster_.name)) {
    return deny("the name counts at " + subject_.user().kube_cluster + " only");
  }
  for (const auto& role : rules_.denying) {
    if (role->denies_cluster(cluster_)) {
      return deny_by(RuleRef{role->role.get(), false, -1});
    }
  }
  if (!info_.is_resource_request) {
    return decide_path();
  }
  if (info_.api_group == kAccessGroup) {
    return deny("postern answers this group itself");
  }
  if (attributes_.resource == nullptr) {
    return deny_with(kube::resource_not_found(), "the cluster does not serve this kind");
  }
  required_ = requirement_of(attributes_);
  if (required_.error) {
    return deny_with(*required_.error, "the request is not well-formed");
  }
  if (any_name_ || any_namespace_) {
    loosen();
  }
  switch (required_.kind) {
    case Requirement::Kind::kRefused:
      return deny_everybody();
    case Requirement::Kind::kObject:
      return decide_object();
    case Requirement::Kind::kCollection:
    case Requirement::Kind::kEvents:
      return decide_collection();
    case Requirement::Kind::kSelfReview:
      return decide_self_review();
  }
  return deny_everybody();
}

Decision Decider::decide_leniently(bool any_name, bool any_namespace) {
  any_name_ = any_name;
  any_namespace_ = any_namespace;
  without_placeholders_ = info_;
  if (any_name) {
    without_placeholders_->name = "";
  }
  if (any_namespace) {
    without_placeholders_->namespace_ = "";
  }
  return decide();
}

/// Takes the placeholders out of the needs.
void Decider::loosen() {
  for (std::size_t i = 0; i < required_.need_count; ++i) {
    ObjectRef& object = required_.needs[i].object;
    if (any_name_) {
      object.scope = NameScope::kEvery;
      object.name = "";
    }
    if (any_namespace_) {
      object.namespace_ = "";
    }
  }
}

bool is_open_path(std::string_view path) {
  constexpr std::string_view kExact[] = {
      "/version", "/api",   "/apis",   "/openapi/v2",     "/openapi/v3",
      "/healthz", "/livez", "/readyz", "/openid/v1/jwks", "/.well-known/openid-configuration"};
  if (std::find(std::begin(kExact), std::end(kExact), path) != std::end(kExact)) {
    return true;
  }
  if (path.ends_with('/')) {
    return path == "/api/" || path == "/apis/";
  }
  const bool ours = path.find(kAccessGroup) != std::string_view::npos;
  return !ours && (path.starts_with("/api/") || path.starts_with("/apis/") ||
                   path.starts_with("/openapi/v3/"));
}

/// Discovery and the like, always as the postern user alone. What a client chose for its calls has
/// to be allowed somewhere, and changes nothing here.
Decision Decider::decide_path() const {
  if (info_.verb != "get" || !is_open_path(info_.path)) {
    return deny("the path is not on the list of open ones");
  }
  if (!rules_.own_name_problem.empty()) {
    return deny("the API server would be told " + rules_.own_name_problem);
  }
  if (!choice_.empty()) {
    const auto chosen = choose_principals(subject_.user(), usable_roles(), choice_);
    if (!chosen && chosen.error().kind == PrincipalRefusal::Kind::kNotAllowed) {
      return deny_principals(chosen.error());
    }
  }
  Decision decision;
  decision.verdict = Verdict::kAllow;
  decision.explanation = "everybody may read this path";
  decision.shares.push_back({own_principals(subject_.user()), {}, nullptr, ""});
  return decision;
}

/// The principals that all roles at this cluster agree on, else the postern user alone.
Decision Decider::decide_self_review() const {
  const std::vector<const UsableRole*> roles = usable_roles();
  Principals principals = own_principals(subject_.user());
  if (!choice_.empty()) {
    auto chosen = choose_principals(subject_.user(), roles, choice_);
    if (!chosen) {
      return deny_principals(chosen.error());
    }
    principals = std::move(*chosen);
  } else if (!roles.empty()) {
    const auto first = choose_principals(subject_.user(), {roles.front()}, choice_);
    const bool agree = first && std::all_of(roles.begin(), roles.end(), [&](const auto* role) {
                         const auto other = choose_principals(subject_.user(), {role}, choice_);
                         return other && *other == *first;
                       });
    if (agree) {
      principals = *first;
    }
  }
  if (principals.user == subject_.user().name && !rules_.own_name_problem.empty()) {
    return deny("the API server would be told " + rules_.own_name_problem);
  }
  Decision decision;
  decision.verdict = Verdict::kAllow;
  decision.explanation = "everybody may ask about themselves";
  decision.shares.push_back({std::move(principals), {}, nullptr, ""});
  return decision;
}

Decision authorize(const Policy& policy, const Subject& subject, const Cluster& cluster,
                   const kube::ResourceAttributes& attributes, const ImpersonationChoice& choice,
                   TimePoint now) {
  return Decider(policy, subject, cluster, attributes, choice, now).decide();
}

bool cluster_visible(const Policy&, const Subject& subject, const Cluster& cluster) {
  const SubjectRules& rules = subject.rules();
  const auto denies = [&](const auto& role) { return role->denies_cluster(cluster); };
  const auto sees = [&](const auto& role) {
    return role->allow_labels && role->allow_labels->matches(cluster.labels);
  };
  return rules.unusable.empty() && subject.user().counts_at(cluster.name) &&
         std::none_of(rules.denying.begin(), rules.denying.end(), denies) &&
         std::any_of(rules.seeing.begin(), rules.seeing.end(), sees);
}

}  // namespace postern::rbac
