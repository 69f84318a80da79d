#include "proxy/access/api/own_review.h"

#include "proxy/access/api/kinds.h"
#include "proxy/access/api/reading.h"
#include "proxy/access/api/viewer.h"
#include "rbac/request/directory.h"
#include "rbac/request/review.h"

#include <algorithm>
#include <utility>

namespace postern::proxy::access::api {
namespace {

using rbac::request::Administration;

constexpr const char* kSelf = "self";

OwnAnswer yes(std::string reason) {
  return {true, std::move(reason)};
}
OwnAnswer no(std::string reason) {
  return {false, std::move(reason)};
}

/// What `rules` of roles call this kind.
std::string_view rule_word(const KindInfo& kind) {
  if (kind.resource == "accessrequests") return "access_request";
  if (kind.resource == "accessroles") return "role";
  if (kind.resource == "accessusers") return "user";
  return kind.resource == "sessions" ? "session" : "kube_cluster";
}

std::string_view rule_verb(std::string_view verb) {
  if (verb == "patch") return "update";
  if (verb == "watch") return "list";
  return verb == "get" ? "read" : verb;
}

bool reads(std::string_view verb) {
  return verb == "get" || verb == "list" || verb == "watch";
}

/// One question of one verb about one resource.
class OwnReview {
 public:
  OwnReview(const AccessState& state, const Caller& caller)
      : state_(state), viewer_(state, caller) {}

  OwnAnswer review(const KindInfo& kind, const std::string& subresource, const std::string& verb,
                   const std::string& name) const {
    const SubresourceInfo* part = kind.subresource(subresource);
    if (!subresource.empty() && part == nullptr) return no("postern has no such subresource");
    const auto& verbs = part == nullptr ? kind.verbs : part->verbs;
    if (std::find(verbs.begin(), verbs.end(), verb) == verbs.end()) {
      return no("postern has no such verb for it");
    }
    if (kind.resource == "accessrequests") return on_request(part, verb, name);
    if (kind.resource == "sessions") return on_session(part, verb, name);
    if (kind.resource == "accessroles") return on_people(kind, state_.roles(), part, verb, name);
    if (kind.resource == "accessusers") return on_people(kind, state_.users(), part, verb, name);
    if (kind.resource == "kubeclusters") return read(kind, verb, name);
    return yes("everybody may search in the name of their search_as_roles");
  }

 private:
  OwnAnswer by_rules(std::string_view resource, std::string_view verb) const {
    const Administration by = administration(viewer_.person(), resource, verb);
    const std::string rule = " (rules: " + std::string(resource) + ", " + std::string(verb) + ")";
    if (by.role == nullptr) return no("none of the user's roles has a rule for it" + rule);
    return {by.allowed,
            (by.allowed ? "allowed by role " : "denied by role ") + by.role->name + rule};
  }

  OwnAnswer read(const KindInfo& kind, const std::string& verb, const std::string& name) const {
    if (auto may = viewer_.may_read(kind, verb, name); !may) {
      return by_rules(rule_word(kind), rule_verb(verb));
    }
    if (!name.empty() && !get_object(state_, viewer_, kind, name))
      return no("there is none to see");
    const OwnAnswer by = by_rules(rule_word(kind), rule_verb(verb));
    return by.allowed ? by : yes("everybody may see what concerns them");
  }

  OwnAnswer on_request(const SubresourceInfo* part, const std::string& verb,
                       const std::string& name) const {
    if (part != nullptr && part->name == "reviews") return reviews(name);
    if (part != nullptr || reads(verb)) return read(access_requests(), verb, name);
    if (verb == "create") return yes("everybody may file requests of their own");
    const OwnAnswer any = by_rules("access_request", "delete");
    if (name.empty()) return any.allowed ? any : yes("everybody may drop their own");
    const auto found = state_.requests().find(name);
    if (found == state_.requests().end() || !viewer_.sees(*found->second)) {
      return no("there is none to see");
    }
    const bool own = found->second->request.user == viewer_.person().name;
    return own ? yes("it is the user's own") : any;
  }

  OwnAnswer reviews(const std::string& name) const {
    const rbac::request::Person& person = viewer_.person();
    if (name.empty()) {
      for (const auto& role : person.roles) {
        if (!role->allow.review_requests.roles.empty()) {
          return yes("allowed by role " + role->name + ", allow.review_requests");
        }
      }
      return by_rules("access_request", "update");
    }
    const auto found = state_.requests().find(name);
    if (found == state_.requests().end() || !viewer_.sees(*found->second)) {
      return no("there is none to see");
    }
    const rbac::request::AccessRequest& request = found->second->request;
    const auto review = rbac::request::may_review(request, person);
    if (review) return yes("the user is a reviewer of it");
    const bool approved = request.state == rbac::request::State::kApproved;
    if (approved && request.user == person.name) return yes("the user may give it back");
    if (approved && rbac::request::may_revoke(request, person))
      return yes("the user may revoke it");
    return no(review.error().message);
  }

  OwnAnswer on_session(const SubresourceInfo* part, const std::string& verb,
                       const std::string& name) const {
    const std::string& in_use = viewer_.caller().session;
    const bool self = name == kSelf || (!name.empty() && name == in_use);
    if (part != nullptr && part->name == "requests") {
      if (in_use.empty()) return no("there is no session in use");
      return name.empty() || self ? yes("a session changes what it has assumed itself")
                                  : no("a session is changed with its own token only");
    }
    if (self) return in_use.empty() ? no("there is no session in use") : yes("it is in use");
    if (part != nullptr || reads(verb)) return read(sessions(), verb, name);
    if (verb == "create") return yes("everybody may make sessions of their own");
    const OwnAnswer any = by_rules("session", "delete");
    if (name.empty()) return any.allowed ? any : yes("everybody may end their own");
    const auto found = state_.sessions().find(name);
    if (found == state_.sessions().end() || !viewer_.sees(*found->second)) {
      return no("there is none to see");
    }
    const bool own = found->second->user.name == viewer_.person().name;
    return own ? yes("it is the user's own") : any;
  }

  template <typename Objects>
  OwnAnswer on_people(const KindInfo& kind, const Objects& objects, const SubresourceInfo* part,
                      const std::string& verb, const std::string& name) const {
    if (reads(verb)) return read(kind, verb, name);
    const bool invite = part != nullptr;
    OwnAnswer by = by_rules(rule_word(kind), invite ? "update" : rule_verb(verb));
    const auto found = objects.find(name);
    const bool given = found != objects.end() && found->second->origin != Origin::kStore;
    if (by.allowed && given && !invite && verb != "create") {
      return no("it is given by " +
                (found->second->file.empty() ? "a preset" : found->second->file) +
                " and read-only here");
    }
    return by;
  }

  const AccessState& state_;
  Viewer viewer_;
};

/// The verbs that a question is about.
std::vector<std::string> verbs_of(const OwnQuestion& question, const KindInfo& kind) {
  return question.verb == "*" ? kind.verbs : std::vector<std::string>{question.verb};
}

}  // namespace

OwnAnswer review_own(const AccessState& state, const Caller& caller, const OwnQuestion& question) {
  if (state.is_locked(caller.user.name)) return no("the user is locked");
  const bool any_version = question.version.empty() || question.version == "*";
  if (!any_version && question.version != kVersion) {
    return no("the server doesn't have this resource type");
  }
  const OwnReview review(state, caller);
  OwnAnswer answer = no("the server doesn't have this resource type");
  for (const KindInfo& kind : kinds()) {
    if (question.resource != "*" && question.resource != kind.resource) continue;
    for (const std::string& verb : verbs_of(question, kind)) {
      answer = review.review(kind, question.subresource, verb, question.name);
      if (!answer.allowed) return answer;
    }
  }
  return answer;
}

std::vector<rbac::ResourceRule> own_rules(const AccessState& state, const Caller& caller) {
  std::vector<rbac::ResourceRule> rules;
  if (state.is_locked(caller.user.name)) return rules;
  const OwnReview review(state, caller);
  const auto add = [&](const KindInfo& kind, const std::string& subresource,
                       const std::vector<std::string>& verbs) {
    std::vector<std::string> allowed;
    for (const std::string& verb : verbs) {
      if (review.review(kind, subresource, verb, "").allowed) allowed.push_back(verb);
    }
    const std::string resource =
        subresource.empty() ? kind.resource : kind.resource + "/" + subresource;
    if (!allowed.empty()) rules.push_back({allowed, {std::string(kGroup)}, {resource}, {}});
  };
  for (const KindInfo& kind : kinds()) {
    add(kind, "", kind.verbs);
    for (const SubresourceInfo& part : kind.subresources) add(kind, part.name, part.verbs);
  }
  return rules;
}

}  // namespace postern::proxy::access::api
