#include "rbac/self_review.h"

#include "rbac/decide.h"
#include "rbac/explain.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

/// Stands where the question leaves a name open; never looked at.
constexpr const char* kSomeName = "x";

bool is_collection_verb(std::string_view verb) {
  return verb == "list" || verb == "watch" || verb == "deletecollection";
}

/// The request that the question is about.
kube::RequestInfo request_of(const AccessQuestion& question, const kube::ApiResource& kind) {
  kube::RequestInfo info;
  info.verb = question.verb;
  info.is_resource_request = true;
  info.api_prefix = question.group.empty() ? "api" : "apis";
  info.api_group = question.group;
  info.api_version = kind.version;
  info.namespace_ = kind.namespaced ? question.namespace_ : std::string_view();
  info.resource = question.resource;
  info.subresource = question.subresource;
  info.name = question.name;
  if (is_collection_verb(question.verb) && question.subresource.empty()) {
    info.field_selector_name = std::exchange(info.name, "");
  }
  return info;
}

kube::RequestInfo path_request(const AccessQuestion& question) {
  kube::RequestInfo info;
  info.verb = question.verb;
  info.path = question.path;
  return info;
}

AccessAnswer answer_of(const Decision& decision) {
  AccessAnswer answer;
  answer.allowed = decision.verdict != Verdict::kDeny || decision.needs_body;
  answer.explanation = decision.needs_body ? "depends on the object" : explanation_line(decision);
  answer.reason = answer.allowed ? answer.explanation : decision.status.message;
  if (answer.allowed) {
    for (const Share& share : decision.shares) {
      answer.principals.push_back(share.principals);
    }
  }
  return answer;
}

/// `*` of anything is everything: a total wildcard that no deny limits.
AccessAnswer review_everything(const Subject& subject, const Cluster& cluster,
                               const ImpersonationChoice& choice, TimePoint now) {
  AccessAnswer answer;
  answer.reason = "no role gives everything";
  const SubjectRules& rules = subject.rules();
  if (!rules.unusable.empty() || !rules.denying.empty()) {
    return answer;
  }
  for (const RoleContext& context : rules.contexts) {
    for (const UsableRole& role : context.roles) {
      const bool total = context.is_live(now) && role.problem.empty() &&
                         role.matches_cluster(cluster) &&
                         role.rules->allow.total_wildcard() != RuleIndex::kNone;
      const auto principals = choose_principals(subject.user(), {&role}, choice);
      if (total && principals) {
        answer.allowed = true;
        answer.reason = "role " + role.name() + " gives everything";
        answer.principals.push_back(*principals);
      }
    }
  }
  return answer;
}

}  // namespace

AccessAnswer review_access(const Policy& policy, const Subject& subject, const Cluster& cluster,
                           const AccessQuestion& question, const kube::ApiResource* resource,
                           const ImpersonationChoice& choice, TimePoint now) {
  if (!question.path.empty()) {
    const kube::RequestInfo info = path_request(question);
    return answer_of(authorize(policy, subject, cluster, {cluster.name, info, nullptr, nullptr, ""},
                               choice, now));
  }
  if (question.verb == "*" || question.resource == "*" || question.group == "*") {
    return review_everything(subject, cluster, choice, now);
  }
  if (resource == nullptr) {
    return {false, "the server doesn't have this resource type", "", {}};
  }
  kube::RequestInfo info = request_of(question, *resource);
  const bool collection = info.is_collection() && is_collection_verb(info.verb);
  const bool creates = info.verb == "create" && info.subresource.empty();
  const bool any_name = !collection && !creates && info.name.empty();
  const bool any_namespace = !collection && resource->namespaced && info.namespace_.empty();
  if (any_name) {
    info.name = kSomeName;
  }
  if (any_namespace) {
    info.namespace_ = kSomeName;
  }
  kube::BodyFacts body;
  body.name = creates ? std::exchange(info.name, "") : info.name;
  const bool has_body = !creates || !body.name.empty();
  const kube::ResourceAttributes attributes{
      cluster.name, info, resource, has_body ? &body : nullptr, "application/merge-patch+json"};
  return answer_of(Decider(policy, subject, cluster, attributes, choice, now)
                       .decide_leniently(any_name, any_namespace));
}

}  // namespace postern::rbac
