#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>

namespace postern::cli {

/// The first line of a file, or of standard input for "-".
Outcome<std::string> read_secret(const Context& context, const std::string& path);

/// A password: of `path` if there is one, else asked for on the terminal without echo, else the
/// first line of standard input.
Outcome<std::string> obtain_password(const Context& context, const std::string& path,
                                     const std::string& question);

/// A new password: of `path`, else asked for twice on the terminal; "" where nobody can be asked or
/// an empty line was typed.
Outcome<std::string> obtain_new_password(const Context& context, const std::string& path);

}  // namespace postern::cli
