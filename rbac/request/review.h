#pragma once

#include "kube/result.h"
#include "rbac/request/access_request.h"
#include "rbac/request/directory.h"

#include <cstddef>
#include <vector>

namespace postern::rbac::request {

/// Whether the person's static roles make them a reviewer of this request: for every requested role
/// some `review_requests` allows it, with its `where`, and none denies it. Never of one's own. 403
/// with a sentence that says which role is missing, which condition does not hold, or what denies.
/// A `where` that does not parse allows nothing and denies everything.
Result<void> is_reviewer(const AccessRequest& request, const Person& person);

/// Whether the person may review it now: a reviewer, for the first time, and it is PENDING. 403.
Result<void> may_review(const AccessRequest& request, const Person& person);

/// Whether the person may revoke it, once it is approved: its reviewers, those who reviewed it, and
/// administrators (`rules` with update on access_request). Owners drop theirs. 403.
Result<void> may_revoke(const AccessRequest& request, const Person& person);

/// Whether the person may see it: its owner, its reviewers, those who reviewed it, and those whose
/// `rules` let them read access_request.
bool may_see(const AccessRequest& request, const Person& person);

/// What the recorded reviews come to. `kNone`: not decided.
enum class Outcome { kNone, kApproved, kDenied };

/// Counts the reviews: any threshold with as many denials as it wants denies; all sets having a
/// threshold with as many approvals as it wants approve. A request without sets is never approved.
Outcome tally(const AccessRequest& request);

/// The thresholds whose filters hold for a review by this person, as indexes; sorted.
std::vector<std::size_t> thresholds_met(const AccessRequest& request, const Person& reviewer,
                                        std::string_view reason);

}  // namespace postern::rbac::request
