#pragma once

#include "kube/result.h"
#include "rbac/request/access_request.h"
#include "rbac/request/directory.h"

#include <optional>
#include <string>
#include <variant>

namespace postern::rbac::request {

/// A review as it was typed. `uid` and `effective_digest` name what its author saw.
struct ReviewEvent {
  Person reviewer;
  Vote vote = Vote::kDeny;
  std::string reason;
  std::string uid;
  std::string effective_digest;
  std::optional<TimePoint> assume_start;  ///< with an approval only
};

/// Somebody ends an approved request and says why: who may revoke it, or its owner.
struct RevokeEvent {
  Person by;
  std::string reason;
};

/// The owner gives an approved request up, for good.
struct DropEvent {
  std::string user;
};

/// The time is over. `elapsed`: a monotonic clock says so, whatever the wall clock shows.
struct ExpireEvent {
  bool elapsed = false;
};

using Event = std::variant<ReviewEvent, RevokeEvent, DropEvent, ExpireEvent>;

/// What becomes of a request: the one place where its state changes.
///
///     PENDING ──reviews──► APPROVED ──revoke, drop──► REVOKED
///        └─────reviews───► DENIED          any ──time──► EXPIRED
///
/// Pure; `request` is taken by value, so that an error leaves the caller's as it was. Errors: 403
/// for who may not, or no longer (a resolved or expired request), 409 for a review of another
/// request under the same name or of other effective rules, for a request that is not approved, and
/// for an expiry before its time, 422 with field paths (`spec.reason`, `spec.assumeStartTime`).
///
/// A review is recorded with the thresholds that it counts for, and may leave the state as it is.
/// The last of the start times that the requester and approving reviewers give is the one that
/// stands. A request whose time is over takes no event but ExpireEvent, also before it is EXPIRED.
Result<AccessRequest> apply(AccessRequest request, const Event& event, TimePoint now,
                            const Limits& limits);

}  // namespace postern::rbac::request
