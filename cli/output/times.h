#pragma once

#include "cli/failure.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace postern::cli {

using TimePoint = std::chrono::system_clock::time_point;

/// A Go duration with at least one unit of `d h m s ms` ("2d", "1h30m", "0.5h"), or "0". "d" is 24
/// hours. A usage failure that names `option` for anything else, and for what is negative.
Outcome<std::chrono::milliseconds> parse_duration(std::string_view text, std::string_view option);

/// As the access API takes it: "48h" for "2d"; what has no days is returned as it was typed.
Outcome<std::string> wire_duration(std::string_view text, std::string_view option);

/// An RFC 3339 time in UTC ("2026-01-02T03:04:05Z", with an offset or fractions); nullopt for
/// anything else.
std::optional<TimePoint> parse_time(std::string_view text);
std::string time_text(TimePoint time);

/// Two units at most, as kubectl's ages: "3d4h", "2h5m", "45s".
std::string rough_duration(std::chrono::seconds duration);

/// "2026-01-02T03:04:05Z (in 3h59m)"; "(2m ago)" for what is over. The text itself where it is no
/// time.
std::string time_with_distance(const std::string& text, TimePoint now);

}  // namespace postern::cli
