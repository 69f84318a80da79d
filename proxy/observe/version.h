#pragma once

namespace postern::proxy {

/// The release, as `project(postern VERSION …)` of CMakeLists.txt says, e.g. "0.1.0".
const char* version();
/// The commit that was built, 12 hex digits; "unknown" outside of a git work tree.
const char* revision();

}  // namespace postern::proxy
