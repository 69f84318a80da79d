#pragma once

#include "kube/result.h"
#include "rbac/request/access_request.h"

#include <optional>
#include <string>
#include <string_view>

namespace postern::rbac::request {

/// The form in which a request is kept, with all that has become of it but its resource_version.
/// One line of JSON, keys sorted, no spaces, members without a value left out; equal requests give
/// equal bytes.
///
///     {"format":1,"name":…,"uid":…,"user":…,"state":"PENDING",
///      "spec":{"resources":[ID…],"roles":[…],"reason":…,"reviewers":[…],"max_duration":SECONDS,
///              "request_ttl":SECONDS,"session_ttl":SECONDS,"assume_start":TIME},
///      "effective":EffectiveRules::to_json(),
///      "thresholds":[{"name":…,"filter":…,"approve":1,"deny":1}],
///      "threshold_sets":[{"role":…,"roles":[…],"thresholds":[INDEX…]}],
///      "annotations":{KEY:[VALUE…]},
///      "reviews":[{"author":…,"vote":"approve"|"deny","reason":…,"created":TIME,
///                  "assume_start":TIME,"effective_digest":…,"counts_for":[INDEX…]}],
///      "created":TIME,"pending_expires":TIME,"access_expires":TIME,"session_ttl":SECONDS,
///      "assume_start":TIME,"approved":TIME,"denied":TIME,"revoked":TIME,"expired":TIME,
///      "revoked_by":…,"revoke_reason":…}
///     TIME = nanoseconds since 1970, UTC
///
/// 500 for a request that from_stored() would refuse: what cannot be read back is not written.
Result<std::string> to_stored(const AccessRequest& request);

/// The request that to_stored() wrote; its resource_version is "". 500 with a sentence for anything
/// else: another format, other spellings of the same request, patterns and filters that do not
/// compile, and what does not agree with itself (rbac/request/agreement.h).
Result<AccessRequest> from_stored(std::string_view text);

/// A request that has EXPIRED: it gives nothing any more and never will.
struct EndedRequest {
  AccessRequest request;  ///< without its effective rules
  std::string effective;  ///< EffectiveRules::to_json(), not read yet
};

/// The same of a request that is EXPIRED, many times as fast: neither its spelling nor whether it
/// agrees with itself is checked, because nothing follows from it but what is shown. nullopt when
/// it is in another state. 500 for what cannot be read.
Result<std::optional<EndedRequest>> ended_from_stored(std::string_view text);

}  // namespace postern::rbac::request
