#pragma once

#include "kube/result.h"

#include <cstddef>
#include <string_view>

namespace postern::kube {

/// yaml-cpp takes about a microsecond for a byte that is a token of its own, and 240 bytes of
/// memory for each `[` and `{` that is open: 3 MiB of `[` cost 700 MiB and two seconds, in which a
/// worker serves nobody else. JSON has no such limits, nor needs them.
inline constexpr std::size_t kMaxYamlBytes = std::size_t{256} * 1024;
inline constexpr std::size_t kMaxYamlBrackets = 16 * 1024;

/// To be asked before YAML that somebody sent is parsed: 413 for what would cost too much.
Result<void> check_yaml_cost(std::string_view text);

}  // namespace postern::kube
