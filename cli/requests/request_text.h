#pragma once

#include "cli/context.h"
#include "cli/json.h"
#include "cli/output/times.h"

#include <iosfwd>
#include <string>

namespace postern::cli {

/// Who, what, why, until when: a request for people, some lines.
void print_request(std::ostream& out, const Json& request, TimePoint now, bool colors);

/// What an approval would give: the sentences of `status.implications`, then the rules of every
/// role, then the digest that a review names.
void print_effective(std::ostream& out, const Json& request);

/// The live objects of a ResourcePreview.
void print_preview(std::ostream& out, const Json& preview);

/// What people said of it.
void print_reviews(std::ostream& out, const Json& request);

/// `text, text`, made printable.
std::string joined(const std::vector<std::string>& texts);

}  // namespace postern::cli
