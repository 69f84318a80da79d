#pragma once

#include <string>
#include <string_view>
#include <sys/types.h>
#include <tl/expected.hpp>

namespace postern::proxy {

/// Writes a file that is either the old one or the whole new one, also after a crash: a temporary
/// file beside it, fsync, rename, fsync of the directory. `mode` is exact, whatever the umask. The
/// error is a sentence with the path.
tl::expected<void, std::string> write_file_atomically(const std::string& path,
                                                      std::string_view content, mode_t mode);

}  // namespace postern::proxy
