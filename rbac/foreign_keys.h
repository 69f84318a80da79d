#pragma once

#include "rbac/load_reader.h"

#include <string_view>

namespace postern::rbac {

/// Keys of Teleport's roles that have no meaning here (design §2). Those that only permit are named
/// in a warning; those that restrict, and keys that nobody knows, refuse the role. An empty value
/// says nothing and passes.

/// What is left of `spec.allow` after its known keys.
void check_foreign_allow(DocumentLog& log, MapReader& rest);
/// What is left of `spec.deny`: everything there restricts.
void check_foreign_deny(DocumentLog& log, MapReader& rest);
/// What is left of `spec.options`: some keys restrict by their value only.
void check_foreign_options(DocumentLog& log, MapReader& rest);

}  // namespace postern::rbac
