#pragma once

#include <initializer_list>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace postern::cli {

/// What the access API speaks; keys stay in the order in which they came.
using Json = nlohmann::ordered_json;

/// The member at a path of keys; a null value where there is none. The result lives as long as
/// `value`.
const Json& find(const Json& value, std::initializer_list<std::string_view> path);

/// The string at a path; "" where there is none.
std::string text_at(const Json& value, std::initializer_list<std::string_view> path);

/// The strings of the list at a path; members that are none are left out.
std::vector<std::string> texts_at(const Json& value, std::initializer_list<std::string_view> path);

/// Whether the member at a path is `true`.
bool is_true(const Json& value, std::initializer_list<std::string_view> path);

}  // namespace postern::cli
