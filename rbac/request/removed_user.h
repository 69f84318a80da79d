#pragma once

#include "rbac/request/access_request.h"

#include <string_view>

namespace postern::rbac::request {

/// What becomes of a request when its user is removed: it belongs to that person, not to whoever
/// is given the name later. An approved one is REVOKED, by who removed the user and with a reason
/// that says so; one that waits, or whose time is over, is EXPIRED. What has ended stays as it is.
///
/// Nobody's rights are looked at: whoever may remove users may this. Part of the state machine of
/// rbac/request/transition.h, and as pure.
AccessRequest end_with_user(AccessRequest request, std::string_view removed_by, TimePoint now);

}  // namespace postern::rbac::request
