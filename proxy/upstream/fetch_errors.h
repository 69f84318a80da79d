#pragma once

#include <string_view>

namespace postern::proxy {

/// What the 502 of fetch() (upstream.h) says when the answer is longer than it may be.
inline constexpr std::string_view kAnswerTooLong = "the cluster's answer is too long";

}  // namespace postern::proxy
