#pragma once

#include "cli/surroundings.h"

#include <optional>
#include <string>
#include <string_view>

namespace postern::cli {

/// When to write in colours.
enum class ColorMode { kAuto, kAlways, kNever };

/// `--color`, NO_COLOR, CLICOLOR_FORCE and TERM=dumb together, for standard output.
bool wants_colors(ColorMode mode, const Surroundings& surroundings);

/// A request's state, coloured: green APPROVED, yellow PENDING, red DENIED and REVOKED.
std::string colored_state(const std::string& state, bool colors);

/// Asks on the terminal, on standard error, and reads a line; nullopt when there is no terminal or
/// the input ends. `secret`: without echo.
std::optional<std::string> ask(const Surroundings& surroundings, std::string_view question,
                               bool secret = false);

}  // namespace postern::cli
