#pragma once

#include <chrono>
#include <optional>
#include <string>

/// Points in time as API servers write them.
namespace postern::proxy {

/// An HTTP `Date`: `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7, its one form that servers
/// write).
std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text);

/// A metav1.Time: `2026-11-28T21:45:06Z`.
std::optional<std::chrono::system_clock::time_point> parse_kube_time(const std::string& text);
/// The same the other way.
std::string kube_time(std::chrono::system_clock::time_point time);

}  // namespace postern::proxy
