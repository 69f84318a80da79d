#pragma once

#include "cli/failure.h"
#include "cli/json.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::cli {

/// The value as a YAML document in block style, ending with a newline. read_yaml() gives the value
/// again. Text that a terminal would act on is quoted and escaped.
std::string yaml_text(const Json& value);

/// All documents of a YAML (or JSON) text as JSON values, with the types of YAML 1.2's core schema
/// (`null true false`, decimal numbers); quoted scalars are strings. Documents without content are
/// left out. A failure, with `origin` and the line, for anything that is no YAML, repeated keys,
/// keys that are no scalars, other tags, more than 1000 documents or a million values.
Outcome<std::vector<Json>> read_yaml(std::string_view text, const std::string& origin);

}  // namespace postern::cli
