#pragma once

#include "rbac/request/make_grant.h"
#include "rbac/request/stored_request.h"
#include "tests/rbac/request/fixture.h"

#include <algorithm>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// Requests to be stored: who files and reviews them, and what makes two of them the same.
namespace postern::rbac::request {

inline const std::string kStoredRoles =
    pod_role("dev", "{kind: pod, namespace: dev, name: '*', verbs: ['*']}") +
    pod_role("web", "{kind: pod, namespace: '{{external.team}}', name: 'web*', verbs: [get]}",
             "env: dev") +
    role("seek",
         "allow: {request: {search_as_roles: [dev, web], roles: [dev, web], max_duration: 3d, "
         "annotations: {pager: ['{{external.team}}']}, suggested_reviewers: [zoe, bob], "
         "thresholds: [{name: two, approve: 2, deny: 1, filter: "
         "'contains(reviewer.roles,\"ra\")'}, {approve: 3, deny: 2}]}}") +
    role("ra", "allow: {review_requests: {roles: [dev, web]}}") +
    role("rb", "allow: {review_requests: {roles: ['*']}}") +
    role("admin", "allow: {rules: [{resources: [access_request], verbs: ['*']}]}");

inline bool same(const Review& a, const Review& b) {
  return std::tie(a.author, a.vote, a.reason, a.created, a.assume_start, a.effective_digest,
                  a.counts_for) == std::tie(b.author, b.vote, b.reason, b.created, b.assume_start,
                                            b.effective_digest, b.counts_for);
}

inline bool same(const ThresholdSet& a, const ThresholdSet& b) {
  return std::tie(a.requester_role, a.roles, a.thresholds) ==
         std::tie(b.requester_role, b.roles, b.thresholds);
}

template <typename T>
bool same(const std::vector<T>& a, const std::vector<T>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const T& x, const T& y) { return same(x, y); });
}

inline bool same(const Spec& a, const Spec& b) {
  return std::tie(a.resource_ids, a.roles, a.reason, a.suggested_reviewers, a.max_duration,
                  a.assume_start, a.request_ttl, a.session_ttl) ==
         std::tie(b.resource_ids, b.roles, b.reason, b.suggested_reviewers, b.max_duration,
                  b.assume_start, b.request_ttl, b.session_ttl);
}

/// Member by member, but for resource_version, which is the store's.
inline bool same(const AccessRequest& a, const AccessRequest& b) {
  return same(a.spec, b.spec) && same(a.reviews, b.reviews) &&
         same(a.threshold_sets, b.threshold_sets) &&
         std::tie(a.name, a.uid, a.user, a.state, a.thresholds, a.system_annotations, a.effective,
                  a.created, a.access_expires, a.pending_expires, a.session_ttl, a.assume_start,
                  a.approved, a.denied, a.revoked, a.expired, a.revoked_by, a.revoke_reason) ==
             std::tie(b.name, b.uid, b.user, b.state, b.thresholds, b.system_annotations,
                      b.effective, b.created, b.access_expires, b.pending_expires, b.session_ttl,
                      b.assume_start, b.approved, b.denied, b.revoked, b.expired, b.revoked_by,
                      b.revoke_reason);
}

/// Files requests and lets reviewers at them.
class StoredWorld {
 public:
  Directory directory = directory_of(kStoredRoles);
  Person alice = person_of(directory, "alice", {"seek"}, {{"team", {"dev", "a\"b\\\u00e9"}}});

  AccessRequest filed(const NewRequest& asked) const {
    auto request = create_as(directory, alice, asked);
    REQUIRE_MESSAGE(request.has_value(), said(request));
    return *request;
  }
  AccessRequest filed() const {
    NewRequest asked;
    asked.resource_ids = {"/mycluster/pod/k/dev/web-1", "/mycluster/pod/k/dev/a*"};
    asked.reason = "because \"it\" burns";
    asked.times = {2h, 1h, 30min, kNow + 10min};
    return filed(asked);
  }
  AccessRequest reviewed(AccessRequest request, const std::string& name, Vote vote,
                         std::optional<TimePoint> start = std::nullopt) const {
    ReviewEvent review = review_of(request, person_of(directory, name, {"ra"}), vote, "fine");
    review.assume_start = start;
    auto next = apply(std::move(request), review, kNow + 1s + 7ns, {});
    REQUIRE_MESSAGE(next.has_value(), said(next));
    return *next;
  }
  AccessRequest approved() const {
    return reviewed(reviewed(filed(), "bob", Vote::kApprove, kNow + 20min), "carol",
                    Vote::kApprove);
  }
};

inline AccessRequest read(const std::string& text) {
  auto request = from_stored(text);
  REQUIRE_MESSAGE(request.has_value(), said(request));
  return *request;
}

}  // namespace postern::rbac::request
