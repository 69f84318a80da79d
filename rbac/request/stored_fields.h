#pragma once

#include "rbac/request/access_request.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <simdjson.h>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Members of stored JSON as values. Internal to the readers of stored_request.cc and
/// effective_json.cc.
///
/// They read generously, and of a missing member or one of another type the parser makes an
/// exception (std::exception): that only the one spelling is taken is seen to by who writes the
/// value again and compares.
namespace postern::rbac::request::stored {

using simdjson::dom::element;
using simdjson::dom::object;

/// The value; the error's message as an exception.
template <typename T>
T must(Result<T> result) {
  if (!result) {
    throw std::invalid_argument(result.error().message);
  }
  return std::move(*result);
}

inline std::string text_from(const element& value) {
  return std::string(std::string_view(value));
}

inline TimePoint time_from(const element& value) {
  return TimePoint(std::chrono::duration_cast<TimePoint::duration>(
      std::chrono::nanoseconds(std::int64_t(value))));
}

inline void read(const element& value, std::string& member) {
  member = text_from(value);
}
inline void read(const element& value, std::size_t& member) {
  member = std::uint64_t(value);
}
inline void read(const element& value, std::optional<TimePoint>& member) {
  member = time_from(value);
}
inline void read(const element& value, std::optional<std::chrono::seconds>& member) {
  member = std::chrono::seconds(std::int64_t(value));
}
template <typename T>
void read(const element& value, std::vector<T>& member) {
  for (const element each : value.get_array()) {
    read(each, member.emplace_back());
  }
}
template <typename T, typename Less>
void read(const element& value, std::map<std::string, T, Less>& member) {
  for (const auto [key, values] : value.get_object()) {
    read(values, member[std::string(key)]);
  }
}

/// Leaves `member` as it is when there is none of that key.
template <typename T>
void get(const object& from, const char* key, T& member) {
  if (element value; from.at_key(key).get(value) == simdjson::SUCCESS) {
    read(value, member);
  }
}

/// Appends what `from` makes of each, if there is a list of that key.
template <typename T>
void get_list(const object& value, const char* key, T (*from)(const object&),
              std::vector<T>& members) {
  if (element list; value.at_key(key).get(list) == simdjson::SUCCESS) {
    for (const element each : list.get_array()) {
      members.push_back(from(each));
    }
  }
}

}  // namespace postern::rbac::request::stored
