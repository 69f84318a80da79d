#pragma once

#include "kube/result.h"
#include "rbac/principals.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace postern::proxy {

/// Header lines of our own making, in the order in which they are sent.
using HeaderFields = std::vector<std::pair<std::string, std::string>>;

/// The key under which the access request that a call rests on appears in the cluster's own audit
/// log (`impersonatedUser.extra`). Design §2 "Impersonation".
inline constexpr std::string_view kRequestExtraKey = "access.postern.dev/request";

/// The header fields that make the API server treat a call as made by `principals`:
/// `Impersonate-User`, one `Impersonate-Group` per group and, unless `access_request` is empty,
/// `Impersonate-Extra-access.postern.dev%2frequest`.
///
/// 500 when the user is empty, when there is no group (the API server would then invent some for
/// service accounts), or when a value cannot stand in a header unchanged: control characters,
/// spaces at its edges, broken UTF-8. A call whose identity is in doubt does not leave.
/// Source: apiserver pkg/endpoints/filters/impersonation; attacks 69–71, 80.
Result<HeaderFields> impersonation_fields(const rbac::Principals& principals,
                                          std::string_view access_request);

/// `Impersonate-Extra-` and the key so that the API server, which lower-cases the header's name and
/// then resolves its escapes, gets exactly `key` back: lower-case token characters stay, everything
/// else becomes %xx.
std::string impersonation_extra_name(std::string_view key);

/// Whether a text can be a header's value and arrive as it is: not empty, no control characters
/// (C0, DEL, C1), no space or tab at its edges, valid UTF-8.
bool is_safe_identity_value(std::string_view value);

}  // namespace postern::proxy
