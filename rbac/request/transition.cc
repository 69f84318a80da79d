#include "rbac/request/transition.h"

#include "kube/text.h"
#include "rbac/request/durations.h"
#include "rbac/request/field_errors.h"
#include "rbac/request/removed_user.h"
#include "rbac/request/review.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace postern::rbac::request {
namespace {

kube::Status conflict(const AccessRequest& request, const std::string& why) {
  kube::Status status =
      kube::Status::conflict("Operation cannot be fulfilled on " + std::string(kResource) + "." +
                             std::string(kGroup) + " " + kube::quoted(request.name) + ": " + why);
  status.details_name = request.name;
  status.details_group = kGroup;
  status.details_kind = kResource;
  return status;
}

void check_reason(const std::string& reason, const Limits& limits, FieldErrors& errors) {
  if (reason.size() > limits.reason_bytes) {
    errors.too_long("spec.reason", limits.reason_bytes);
  } else if (!kube::is_printable(reason)) {
    errors.invalid("spec.reason", reason, "has control characters or is not UTF-8");
  }
}

/// The transitions by event, at one time.
class Transition {
 public:
  Transition(AccessRequest request, TimePoint now, const Limits& limits)
      : request_(std::move(request)), now_(now), limits_(limits) {}

  Result<AccessRequest> operator()(const ReviewEvent& event) {
    if (auto allowed = check_review(event); !allowed) {
      return fail(std::move(allowed.error()));
    }
    request_.reviews.push_back({event.reviewer.name, event.vote, event.reason, now_,
                                event.assume_start, event.effective_digest,
                                thresholds_met(request_, event.reviewer, event.reason)});
    switch (tally(request_)) {
      case Outcome::kNone:
        break;
      case Outcome::kApproved:
        move_to(State::kApproved, request_.approved);
        set_start();
        break;
      case Outcome::kDenied:
        move_to(State::kDenied, request_.denied);
        break;
    }
    return std::move(request_);
  }

  Result<AccessRequest> operator()(const RevokeEvent& event) {
    // Who gives up their own, and says why, needs nobody's leave either (DropEvent has no reason).
    const bool own = !event.by.name.empty() && event.by.name == request_.user;
    if (auto allowed = may_revoke(request_, event.by); !own && !allowed) {
      return fail(std::move(allowed.error()));
    }
    return revoke(event.by.name, event.reason);
  }

  Result<AccessRequest> operator()(const DropEvent& event) {
    if (event.user != request_.user) {
      return fail(refused(event.user, "update", "", request_.name,
                          "only the user who made a request can drop it"));
    }
    return revoke(event.user, "");
  }

  Result<AccessRequest> operator()(const ExpireEvent& event) {
    if (request_.state == State::kExpired) {
      return fail(conflict(request_, "it has expired already"));
    }
    if (!event.elapsed && !is_over()) {
      return fail(conflict(request_, "its time is not over"));
    }
    move_to(State::kExpired, request_.expired);
    return std::move(request_);
  }

  AccessRequest end_with_user(std::string_view removed_by) {
    if (request_.state == State::kApproved && !is_over()) {
      move_to(State::kRevoked, request_.revoked);
      request_.revoked_by = removed_by;
      request_.revoke_reason = "its user was removed";
    } else if (request_.state == State::kApproved || request_.state == State::kPending) {
      move_to(State::kExpired, request_.expired);
    }
    return std::move(request_);
  }

 private:
  /// Also before its time, when it ended by another clock or with its user.
  bool is_over() const { return request_.state == State::kExpired || now_ >= request_.expires(); }

  Result<void> check_review(const ReviewEvent& event) const {
    if (event.uid != request_.uid) {
      return fail(conflict(request_, "the review is of another request that had this name"));
    }
    // Before the rules are compared: an ended request may have them as text only.
    if (is_over()) {
      return fail(
          refused(event.reviewer.name, "create", "reviews", request_.name, "it has expired"));
    }
    if (event.effective_digest != request_.effective.digest()) {
      return fail(conflict(request_,
                           "the review is of other rules than the request will give; "
                           "look at it again"));
    }
    if (auto allowed = may_review(request_, event.reviewer); !allowed) {
      return allowed;
    }
    FieldErrors errors;
    check_reason(event.reason, limits_, errors);
    check_start(event, errors);
    return errors.empty() ? Result<void>() : fail(errors.status(request_.name));
  }

  void check_start(const ReviewEvent& event, FieldErrors& errors) const {
    if (!event.assume_start) {
      return;
    }
    const std::string fault = event.vote == Vote::kDeny
                                  ? "only an approval has a time from which the access may be used"
                                  : assume_start_fault(*event.assume_start, request_.created,
                                                       request_.access_expires, limits_);
    if (!fault.empty()) {
      errors.forbidden("spec.assumeStartTime", fault);
    }
  }

  Result<AccessRequest> revoke(const std::string& by, const std::string& reason) {
    if (request_.state != State::kApproved || is_over()) {
      return fail(conflict(request_,
                           "only an approved request can be given up or taken back; it "
                           "is " +
                               std::string(state_name(request_.state)) +
                               (is_over() ? " and its time is over" : "")));
    }
    FieldErrors errors;
    check_reason(reason, limits_, errors);
    if (!errors.empty()) {
      return fail(errors.status(request_.name));
    }
    move_to(State::kRevoked, request_.revoked);
    request_.revoked_by = by;
    request_.revoke_reason = reason;
    return std::move(request_);
  }

  void set_start() {
    for (const Review& review : request_.reviews) {
      if (review.vote == Vote::kApprove && review.assume_start) {
        request_.assume_start =
            std::max(request_.assume_start.value_or(*review.assume_start), *review.assume_start);
      }
    }
  }

  void move_to(State state, std::optional<TimePoint>& when) {
    if (!may_follow(request_.state, state)) {
      throw std::logic_error("an access request cannot go from " +
                             std::string(state_name(request_.state)) + " to " +
                             std::string(state_name(state)));
    }
    request_.state = state;
    when = now_;
  }

  AccessRequest request_;
  TimePoint now_;
  const Limits& limits_;
};

}  // namespace

Result<AccessRequest> apply(AccessRequest request, const Event& event, TimePoint now,
                            const Limits& limits) {
  return std::visit(Transition(std::move(request), now, limits), event);
}

AccessRequest end_with_user(AccessRequest request, std::string_view removed_by, TimePoint now) {
  const Limits no_text_is_checked;
  return Transition(std::move(request), now, no_text_is_checked).end_with_user(removed_by);
}

}  // namespace postern::rbac::request
