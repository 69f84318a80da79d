#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace postern::proxy::access::api {

/// Documents of the access API while postern works on them: keys sorted, as the API server writes
/// custom resources.
using Json = nlohmann::json;

/// One line of JSON; bytes that are not UTF-8 become U+FFFD.
inline std::string json_text(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace postern::proxy::access::api
