#pragma once

#include "kube/request_info.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <initializer_list>
#include <string>
#include <string_view>

/// What requests are understood as, on one line each.
namespace postern::kube::testing {

/// What a request was understood as, in one line: `verb prefix group version ns resource sub name`
/// with "-" for nothing, or the status code of the refusal.
inline std::string understood(std::string_view method, std::string_view target) {
  const auto info = parse_request_info(method, target);
  if (!info) return std::to_string(info.error().code);
  if (!info->is_resource_request) return info->verb + " nonresource";
  const auto dash = [](const std::string& text) { return text.empty() ? "-" : text; };
  return fmt::format("{} {} {} {} {} {} {} {}", info->verb, info->api_prefix, dash(info->api_group),
                     info->api_version, dash(info->namespace_), info->resource,
                     dash(info->subresource), dash(info->name));
}

/// One request, and what understood() says of it.
struct Row {
  const char* method;
  const char* target;
  const char* expected;
};

inline void check_rows(std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    CHECK(understood(row.method, row.target) == row.expected);
  }
}

inline std::string target_of(std::string_view method, std::string_view target) {
  const auto info = parse_request_info(method, target);
  return info ? info->target() : std::to_string(info.error().code);
}

}  // namespace postern::kube::testing
