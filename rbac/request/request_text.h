#pragma once

#include "rbac/request/access_request.h"

#include <string>
#include <string_view>

namespace postern::rbac::request {

inline constexpr int kStoredFormat = 1;

/// The text of rbac/request/stored_request.h, whether or not the request agrees with itself.
/// `effective` is the text of request.effective. Throws std::exception for strings that are not
/// UTF-8.
std::string request_text(const AccessRequest& request, std::string_view effective);

}  // namespace postern::rbac::request
