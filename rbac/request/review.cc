#include "rbac/request/review.h"

#include "kube/text.h"
#include "rbac/request/field_errors.h"
#include "rbac/request/role_match.h"

#include <algorithm>
#include <string>

namespace postern::rbac::request {
namespace {

ExpressionContext context_of(const AccessRequest& request, const Person& reviewer,
                             const std::vector<std::string>& reviewer_roles) {
  ExpressionContext context;
  context.reviewer_roles = &reviewer_roles;
  context.reviewer_traits = &reviewer.traits;
  context.request_roles = &request.spec.roles;
  context.request_reason = request.spec.reason;
  context.request_annotations = &request.system_annotations;
  return context;
}

bool is_author(const AccessRequest& request, const Person& person) {
  return std::any_of(request.reviews.begin(), request.reviews.end(),
                     [&](const Review& review) { return review.author == person.name; });
}

/// One look at whether a person is a reviewer of a request.
class ReviewerCheck {
 public:
  ReviewerCheck(const AccessRequest& request, const Person& person)
      : person_(person),
        role_names_(person.role_names()),
        context_(context_of(request, person, role_names_)) {}

  /// Why not for this role; "" when they are.
  std::string fault(const std::string& role) const {
    for (const auto& own : person_.roles) {
      if (holds(own->deny.review_requests, role, Effect::kDeny)) {
        return "your role " + kube::quoted(own->name) +
               " denies reviews of requests for the role " + kube::quoted(role);
      }
    }
    std::string condition;
    for (const auto& own : person_.roles) {
      const ReviewConditions& conditions = own->allow.review_requests;
      if (holds(conditions, role, Effect::kAllow)) {
        return "";
      }
      if (names(conditions, role, Effect::kAllow)) {
        condition = "your role " + kube::quoted(own->name) +
                    " lets you review requests for the role " + kube::quoted(role) +
                    " only where " + kube::printable(conditions.where);
      }
    }
    return condition.empty()
               ? "none of your roles lets you review requests for the role " + kube::quoted(role)
               : condition;
  }

 private:
  bool names(const ReviewConditions& conditions, const std::string& role, Effect effect) const {
    return matches_any(conditions.roles, person_.traits, role, effect);
  }

  bool holds(const ReviewConditions& conditions, const std::string& role, Effect effect) const {
    if (!names(conditions, role, effect)) {
      return false;
    }
    const auto where = Expression::parse(conditions.where, ExpressionUse::kWhere);
    return where ? where->evaluate(context_) : effect == Effect::kDeny;
  }

  const Person& person_;
  std::vector<std::string> role_names_;
  ExpressionContext context_;
};

std::string reviewer_fault(const AccessRequest& request, const Person& person) {
  if (person.name.empty() || person.name == request.user) {
    return "nobody reviews a request of their own";
  }
  if (request.spec.roles.empty()) {
    return "it asks for no role";
  }
  const ReviewerCheck check(request, person);
  for (const std::string& role : request.spec.roles) {
    if (std::string fault = check.fault(role); !fault.empty()) {
      return fault;
    }
  }
  return "";
}

std::string resolved_fault(State state) {
  switch (state) {
    case State::kPending:
      return "";
    case State::kApproved:
      return "it has already been approved";
    case State::kDenied:
      return "it has already been denied";
    case State::kRevoked:
      return "it has been revoked";
    case State::kExpired:
      break;
  }
  return "it has expired";
}

Result<void> refuse_review(const AccessRequest& request, const Person& person,
                           const std::string& why) {
  return why.empty() ? Result<void>()
                     : fail(refused(person.name, "create", "reviews", request.name, why));
}

}  // namespace

Result<void> is_reviewer(const AccessRequest& request, const Person& person) {
  return refuse_review(request, person, reviewer_fault(request, person));
}

Result<void> may_review(const AccessRequest& request, const Person& person) {
  std::string fault = reviewer_fault(request, person);
  if (fault.empty()) {
    fault = resolved_fault(request.state);
  }
  if (fault.empty() && is_author(request, person)) {
    fault = "you have reviewed it already";
  }
  return refuse_review(request, person, fault);
}

Result<void> may_revoke(const AccessRequest& request, const Person& person) {
  if (administers(person, "access_request", "update")) {
    return {};
  }
  const std::string fault = reviewer_fault(request, person);
  if (fault.empty() || (is_author(request, person) && person.name != request.user)) {
    return {};
  }
  return fail(refused(person.name, "update", "", request.name, fault));
}

bool may_see(const AccessRequest& request, const Person& person) {
  return (!person.name.empty() && person.name == request.user) || is_author(request, person) ||
         administers(person, "access_request", "read") || is_reviewer(request, person).has_value();
}

Outcome tally(const AccessRequest& request) {
  std::vector<std::size_t> approvals(request.thresholds.size());
  std::vector<std::size_t> denials(request.thresholds.size());
  for (const Review& review : request.reviews) {
    auto& counts = review.vote == Vote::kApprove ? approvals : denials;
    for (const std::size_t index : review.counts_for) {
      ++counts.at(index);
    }
  }
  const auto denied = [&](std::size_t i) {
    return request.thresholds.at(i).deny != 0 && denials.at(i) >= request.thresholds.at(i).deny;
  };
  const auto approved = [&](std::size_t i) {
    return request.thresholds.at(i).approve != 0 &&
           approvals.at(i) >= request.thresholds.at(i).approve;
  };
  bool all_pass = !request.threshold_sets.empty();
  for (const ThresholdSet& set : request.threshold_sets) {
    if (std::any_of(set.thresholds.begin(), set.thresholds.end(), denied)) {
      return Outcome::kDenied;
    }
    all_pass = all_pass && std::any_of(set.thresholds.begin(), set.thresholds.end(), approved);
  }
  return all_pass ? Outcome::kApproved : Outcome::kNone;
}

std::vector<std::size_t> thresholds_met(const AccessRequest& request, const Person& reviewer,
                                        std::string_view reason) {
  const std::vector<std::string> role_names = reviewer.role_names();
  ExpressionContext context = context_of(request, reviewer, role_names);
  context.review_reason = reason;
  std::vector<std::size_t> met;
  for (std::size_t i = 0; i < request.thresholds.size(); ++i) {
    if (request.thresholds[i].filter.evaluate(context)) {
      met.push_back(i);
    }
  }
  return met;
}

}  // namespace postern::rbac::request
