#pragma once

#include "kube/result.h"
#include "proxy/access/state/objects.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

/// Times and durations as they are written in documents.
namespace postern::proxy::access::api {

/// RFC 3339 in UTC with whole seconds: "2026-11-23T12:00:00Z".
std::string time_text(TimePoint time);
/// RFC 3339 with an offset or Z, fractions of a second cut off; nullopt for anything else.
std::optional<TimePoint> parse_time(std::string_view text);
/// A Go duration of whole seconds, not negative: "4h", "1h30m", "90s", "1.5h"; nullopt for anything
/// else.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);
/// As kubectl shows ages: "12s", "5m", "3h20m", "41h", "5d".
std::string age_text(std::chrono::seconds age);

}  // namespace postern::proxy::access::api
