#pragma once

#include "kube/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace postern::kube {

/// An origin-form request target, taken apart.
struct RequestTarget {
  std::vector<std::string> segments;  ///< decoded, none empty; no segments for "/"
  bool trailing_slash = false;        ///< behind at least one segment
  std::string_view query;             ///< raw text behind the first '?', a view into the target
};

/// Splits and decodes a target; 400 for whatever two parsers could read differently: characters
/// outside of 0x21–0x7e and `# \ " < > ^ ` { | }`, a leading `//`, empty and dot segments, `;`, and
/// escapes of anything but printable ASCII, or of `/ % \ ; ? # .`.
Result<RequestTarget> parse_request_target(std::string_view target);

}  // namespace postern::kube
