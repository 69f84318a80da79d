#pragma once

#include "cli/json.h"
#include "cli/objects/object_kinds.h"

#include <iosfwd>
#include <string>

namespace postern::cli {

/// `-o table|wide|json|yaml|name`.
enum class OutputFormat { kTable, kWide, kJson, kYaml, kName };

/// Of the option's text, which has been checked already.
OutputFormat output_format(const std::string& text);
inline bool is_table(OutputFormat format) {
  return format == OutputFormat::kTable || format == OutputFormat::kWide;
}

/// An object in a format that is no table; of a list, `name` gives a line for each item.
void print_object(std::ostream& out, const Json& object, const ObjectKind& kind,
                  OutputFormat format);

/// A Table, or what the server gave instead of one: then names and ages.
void print_table(std::ostream& out, const Json& answer, OutputFormat format, bool with_headers);

}  // namespace postern::cli
