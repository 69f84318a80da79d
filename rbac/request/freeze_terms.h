#pragma once

#include "kube/result.h"
#include "rbac/request/access_request.h"
#include "rbac/request/directory.h"

#include <string>
#include <vector>

namespace postern::rbac::request {

/// Fills `thresholds` and `threshold_sets` from those roles of the requester that list a requested
/// one; a role without thresholds counts as one approval, one denial. 403 naming the role when a
/// filter does not parse, 422 above limits.thresholds distinct ones.
Result<void> freeze_thresholds(AccessRequest& request, const Person& requester,
                               const Limits& limits);

/// Annotations of the requester's roles that list a requested one, traits filled in, without the
/// values that some role denies; sorted, each once.
ValueMap collect_annotations(const Person& requester, const std::vector<std::string>& requested);

/// `suggested_reviewers` of all of the requester's roles, without denied ones and the requester.
std::vector<std::string> default_reviewers(const Person& requester);

}  // namespace postern::rbac::request
