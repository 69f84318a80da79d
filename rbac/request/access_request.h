#pragma once

#include "rbac/request/directory.h"
#include "rbac/request/effective.h"
#include "rbac/request/expression.h"
#include "rbac/resource_id.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::rbac::request {

/// PENDING → APPROVED | DENIED, APPROVED → REVOKED, all → EXPIRED. Nothing leads out of EXPIRED.
enum class State { kPending, kApproved, kDenied, kRevoked, kExpired };

/// "PENDING", …
std::string_view state_name(State state);
/// The state graph: whether one step may lead from one to the other.
bool may_follow(State from, State to);

/// What is asked for. Immutable once the request exists.
struct Spec {
  std::vector<ResourceId> resource_ids;  ///< none: everything that the roles allow
  std::vector<std::string> roles;        ///< sorted; never empty in a stored request
  std::string reason;
  std::vector<std::string> suggested_reviewers;  ///< sorted
  std::optional<std::chrono::seconds> max_duration;
  std::optional<TimePoint> assume_start;
  std::optional<std::chrono::seconds> request_ttl;  ///< how long it may wait for reviews
  std::optional<std::chrono::seconds> session_ttl;
};

/// How many reviews decide, frozen from a role of the requester.
struct Threshold {
  std::string name;
  Expression filter;          ///< which reviews count
  std::uint32_t approve = 1;  ///< 0: never approves
  std::uint32_t deny = 1;     ///< 0: never denies

  friend bool operator==(const Threshold&, const Threshold&) = default;
};

/// The thresholds of one role of the requester that allows some of the requested roles; it passes
/// when one of its thresholds does. A request is approved when all of its sets pass.
struct ThresholdSet {
  std::string requester_role;
  std::vector<std::string> roles;       ///< the requested roles that it is about, sorted
  std::vector<std::size_t> thresholds;  ///< indexes of AccessRequest::thresholds
};

enum class Vote { kApprove, kDeny };

/// One person's word, as it was recorded.
struct Review {
  std::string author;
  Vote vote = Vote::kDeny;
  std::string reason;
  TimePoint created;
  std::optional<TimePoint> assume_start;
  /// The digest of the effective rules that its author saw.
  std::string effective_digest;
  /// Indexes of the thresholds that it counts for, by the author's roles and traits at that time;
  /// sorted.
  std::vector<std::size_t> counts_for;
};

/// A request with everything that has become of it. A plain value; every change makes a new one
/// (rbac/request/transition.h). Names are made by the server and never used again.
struct AccessRequest {
  std::string name;
  std::string uid;
  std::string user;  ///< whose request it is
  Spec spec;

  State state = State::kPending;
  std::vector<Review> reviews;
  std::vector<Threshold> thresholds;
  std::vector<ThresholdSet> threshold_sets;
  /// From the requester's roles, for `where` and filters: sorted, unique.
  ValueMap system_annotations;
  /// What it will give, frozen when it was filed: what is shown, and what an approval approves.
  EffectiveRules effective;

  TimePoint created;
  TimePoint access_expires;             ///< when the access ends, whenever it was approved
  TimePoint pending_expires;            ///< when it ends without a decision; ≤ access_expires
  std::chrono::seconds session_ttl{0};  ///< how long a session that assumes it may live
  /// Not to be assumed before; the reviewers' time if they gave one, else the spec's.
  std::optional<TimePoint> assume_start;

  std::optional<TimePoint> approved;  ///< when; each of these four is kept in later states
  std::optional<TimePoint> denied;
  std::optional<TimePoint> revoked;
  std::optional<TimePoint> expired;
  std::string revoked_by;  ///< `user` when the owner dropped it
  std::string revoke_reason;
  std::string resource_version;  ///< the store's; untouched here

  /// When it expires by itself in its present state.
  TimePoint expires() const;
};

}  // namespace postern::rbac::request
