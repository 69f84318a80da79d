#pragma once

#include "kube/result.h"
#include "rbac/grant.h"
#include "rbac/request/access_request.h"
#include "rbac/request/directory.h"

namespace postern::rbac::request {

/// The grant that an approved request gives at this time: its frozen roles, its resource IDs, and
/// when it ends. Whoever keeps it asks again when roles, users or clusters change.
///
/// 403 with a sentence when the request is not APPROVED, its time is over or has not begun, the
/// requester of today (with today's roles) could not file it any more, or a kube cluster is not the
/// one that was approved: the IDs in such a cluster are left out, and without IDs, or with none
/// left, the whole grant is refused. 500 for a stored request that does not agree with itself.
/// Source: design §2 "Roles".
Result<Grant> make_grant(const AccessRequest& request, const Person& requester,
                         const Directory& directory, TimePoint now);

}  // namespace postern::rbac::request
