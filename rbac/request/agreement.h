#pragma once

#include "kube/result.h"
#include "rbac/request/access_request.h"

#include <string_view>

namespace postern::rbac::request {

/// Whether a request could have come out of create() and apply(): its parts tell the same story.
/// What is frozen is for this user, these roles and these IDs; every review is of the frozen rules,
/// by somebody else, once each, and counts for thresholds that there are; the reviews come to the
/// state, and the state to its times. 500 with a sentence that says what does not fit.
///
/// For what comes out of a store: a request that lost a resource ID, a denial or a threshold must
/// not count as a wider one. It is no defence against somebody who writes a whole consistent
/// request.
Result<void> check_agreement(const AccessRequest& request);
/// The same for who has `request.effective.to_json()` at hand.
Result<void> check_agreement(const AccessRequest& request, std::string_view effective);

}  // namespace postern::rbac::request
