#pragma once

#include "kube/result.h"
#include "rbac/request/effective.h"

#include <string>
#include <vector>

namespace postern::rbac::request {

/// What an approval would imply, one sentence without a full stop each, the gravest first:
///
///     runs code in dev with the namespace's secrets and service accounts (mycluster)
///     runs commands inside pods web-* in dev, with what those can read and reach (mycluster)
///     is known to the API server by the groups "developers"
///
/// For reviewers: rather one sentence too many. Denies are not taken off, and neither is what the
/// roles no longer allow today. Names come as they were typed, printable. 500 when the value holds
/// an ID that does not parse.
Result<std::vector<std::string>> implications(const EffectiveRules& effective);

}  // namespace postern::rbac::request
