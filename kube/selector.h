#pragma once

#include "kube/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// One term of a field selector: `field=value` or `field!=value`.
struct FieldRequirement {
  std::string field;
  bool equals = true;
  std::string value;  ///< unescaped
  friend bool operator==(const FieldRequirement&, const FieldRequirement&) = default;
};

/// Parses a field selector by Kubernetes' grammar (apimachinery pkg/fields/selector.go): terms
/// split at unescaped commas, *sorted*, empty ones skipped; the operator is the first of `!=`,
/// `==`,
/// `=`; `\\`, `\,` and `\=` are escapes in the value only. 400 when it does not parse.
Result<std::vector<FieldRequirement>> parse_field_selector(std::string_view text);

/// The one value that a selector requires of a field (RequiresExactMatch): of the first term that
/// has it, in the sorted order.
std::optional<std::string> required_value(const std::vector<FieldRequirement>& selector,
                                          std::string_view field);

/// Whether an object's name may be a path segment: not empty, `.` or `..`, without `/` and `%`
/// (apimachinery api/validate/content IsPathSegmentName).
bool is_path_segment_name(std::string_view name);

}  // namespace postern::kube
