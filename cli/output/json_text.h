#pragma once

#include "cli/json.h"

#include <string>

namespace postern::cli {

/// JSON for programs and people, indented by four spaces as kubectl writes it, without a newline at
/// the end. Characters that a terminal would act on are written as \u escapes, so the value is the
/// same.
std::string json_text(const Json& value);
/// The same on one line.
std::string compact_json(const Json& value);

}  // namespace postern::cli
