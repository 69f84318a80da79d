#include "rbac/request/agreement.h"

#include "kube/text.h"
#include "rbac/request/review.h"
#include "rbac/request/sha256.h"

#include <algorithm>
#include <set>

namespace postern::rbac::request {
namespace {

using std::chrono::seconds;

template <typename T>
bool is_ascending(const std::vector<T>& values) {
  return std::adjacent_find(values.begin(), values.end(),
                            [](const T& a, const T& b) { return !(a < b); }) == values.end();
}

bool includes(const std::vector<std::string>& sorted, const std::vector<std::string>& part) {
  return std::includes(sorted.begin(), sorted.end(), part.begin(), part.end());
}

bool in_range(const std::vector<std::size_t>& indexes, std::size_t size) {
  return std::all_of(indexes.begin(), indexes.end(),
                     [&](std::size_t index) { return index < size; });
}

bool is_positive(const std::optional<seconds>& duration) {
  return !duration || *duration > seconds(0);
}

/// The checks by subject; each gives what does not fit, or "".
class Agreement {
 public:
  Agreement(const AccessRequest& request, std::string_view effective)
      : request_(request), spec_(request.spec), effective_(effective) {}

  std::string fault() const {
    for (const auto check :
         {&Agreement::names, &Agreement::effective, &Agreement::clusters, &Agreement::durations,
          &Agreement::threshold_sets, &Agreement::reviews, &Agreement::state, &Agreement::times,
          &Agreement::revocation, &Agreement::start}) {
      if (std::string found = (this->*check)(); !found.empty()) {
        return found;
      }
    }
    return "";
  }

 private:
  std::string names() const {
    if (request_.name.empty() || request_.uid.empty() || request_.user.empty()) {
      return "it has no name, uid or user";
    }
    if (spec_.roles.empty() || !is_ascending(spec_.roles) ||
        !is_ascending(spec_.suggested_reviewers)) {
      return "its roles or reviewers are missing or not in order";
    }
    return "";
  }

  std::string effective() const {
    std::vector<std::string> ids;
    ids.reserve(spec_.resource_ids.size());
    for (const ResourceId& id : spec_.resource_ids) {
      ids.push_back(id.str());
    }
    std::sort(ids.begin(), ids.end());
    std::vector<std::string> roles;
    roles.reserve(request_.effective.roles.size());
    for (const FrozenRole& role : request_.effective.roles) {
      roles.push_back(role.name);
    }
    const bool same = is_ascending(ids) && ids == request_.effective.resource_ids &&
                      roles == spec_.roles && request_.effective.user == request_.user;
    return same ? "" : "its effective rules are not those of its user, roles and resources";
  }

  std::string clusters() const {
    const auto& known = request_.effective.clusters;
    const bool all = std::all_of(
        spec_.resource_ids.begin(), spec_.resource_ids.end(), [&](const ResourceId& id) {
          return id.scope() == ResourceId::Scope::kOther || known.contains(id.kube_cluster());
        });
    const bool named = std::none_of(known.begin(), known.end(), [](const auto& cluster) {
      return cluster.first.empty() || cluster.second.empty();
    });
    return all && named ? "" : "a kube cluster of its resources has no UID";
  }

  std::string durations() const {
    const bool fine = is_positive(spec_.max_duration) && is_positive(spec_.request_ttl) &&
                      is_positive(spec_.session_ttl) && TimePoint() <= request_.created &&
                      request_.created <= request_.pending_expires &&
                      request_.pending_expires <= request_.access_expires &&
                      request_.session_ttl >= seconds(0) &&
                      request_.session_ttl <= longest_session();
    return fine ? "" : "its times are not in order";
  }

  /// In whole seconds, since a stored session_ttl may be too large for finer units.
  seconds longest_session() const {
    return std::chrono::floor<seconds>(request_.access_expires - request_.created);
  }

  std::string threshold_sets() const {
    for (const ThresholdSet& set : request_.threshold_sets) {
      if (set.thresholds.empty() || !in_range(set.thresholds, request_.thresholds.size())) {
        return "a set of thresholds names one that there is not";
      }
      if (set.roles.empty() || !is_ascending(set.roles) || !includes(spec_.roles, set.roles)) {
        return "a set of thresholds is about other roles";
      }
    }
    return "";
  }

  std::string reviews() const {
    // As EffectiveRules::digest().
    const std::string digest = request_.reviews.empty() ? "" : "sha256:" + sha256_hex(effective_);
    std::set<std::string> authors = {request_.user, ""};
    for (const Review& review : request_.reviews) {
      if (!authors.insert(review.author).second) {
        return "somebody reviewed it twice, or a request of their own";
      }
      if (review.effective_digest != digest) {
        return "a review is of other effective rules";
      }
      if (!is_ascending(review.counts_for) ||
          !in_range(review.counts_for, request_.thresholds.size())) {
        return "a review counts for a threshold that there is not";
      }
      if (review.vote == Vote::kDeny && review.assume_start) {
        return "a denial has a start time";
      }
    }
    return "";
  }

  /// Which of the stamps a state has: an expired request keeps those of the state before.
  std::string state() const {
    const bool approved = request_.approved.has_value();
    const bool denied = request_.denied.has_value();
    const bool revoked = request_.revoked.has_value();
    const bool expired = request_.expired.has_value();
    const bool possible = !(approved && denied) && (approved || !revoked);
    const State told = expired    ? State::kExpired
                       : revoked  ? State::kRevoked
                       : approved ? State::kApproved
                       : denied   ? State::kDenied
                                  : State::kPending;
    return possible && told == request_.state ? "" : "its state is not that of its times";
  }

  /// What the reviews come to has happened, and nothing else.
  std::string times() const {
    const Outcome outcome = tally(request_);
    const bool same = request_.approved.has_value() == (outcome == Outcome::kApproved) &&
                      request_.denied.has_value() == (outcome == Outcome::kDenied);
    return same ? "" : "its reviews do not come to its state";
  }

  std::string revocation() const {
    const bool fine = request_.revoked
                          ? !request_.revoked_by.empty()
                          : request_.revoked_by.empty() && request_.revoke_reason.empty();
    return fine ? "" : "it does not say who revoked it, or says so of what nobody did";
  }

  std::string start() const {
    std::optional<TimePoint> start = spec_.assume_start;
    for (const Review& review : request_.reviews) {
      if (request_.approved && review.assume_start) {
        start = std::max(start.value_or(*review.assume_start), *review.assume_start);
      }
    }
    return start == request_.assume_start ? "" : "its start is not the one that was approved";
  }

  const AccessRequest& request_;
  const Spec& spec_;
  std::string_view effective_;
};

}  // namespace

Result<void> check_agreement(const AccessRequest& request) {
  return check_agreement(request, request.effective.to_json());
}

Result<void> check_agreement(const AccessRequest& request, std::string_view effective) {
  const std::string fault = Agreement(request, effective).fault();
  if (fault.empty()) {
    return {};
  }
  return fail(kube::Status::internal("the access request " + kube::quoted(request.name) +
                                     " does not agree with itself: " + fault));
}

}  // namespace postern::rbac::request
