#pragma once

#include <string>

namespace postern::cli {

/// Whether everything that the resource ID `narrow` means is meant by `wide`, too. False when in
/// doubt, and for what is no ID. For choosing among one's own requests; nothing is allowed by it.
bool covers_id(const std::string& wide, const std::string& narrow);

}  // namespace postern::cli
