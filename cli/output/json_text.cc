#include "cli/output/json_text.h"

#include "kube/text.h"

#include <fmt/format.h>

namespace postern::cli {
namespace {

void append_escape(std::string& out, std::uint32_t value) {
  if (value > 0xffff) {
    constexpr std::uint32_t kFirst = 0x10000;
    const std::uint32_t rest = value - kFirst;
    out += fmt::format("\\u{:04x}\\u{:04x}", 0xd800 + (rest >> 10), 0xdc00 + (rest & 0x3ff));
  } else {
    out += fmt::format("\\u{:04x}", value);
  }
}

/// What the serializer leaves as it is although a terminal would not: it stands within strings
/// only, where an escape means the same.
std::string without_controls(const std::string& text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const kube::CodePoint c = kube::decode_utf8(text, i);
    const std::size_t length = c.length == 0 ? 1 : c.length;
    const std::string_view bytes = std::string_view(text).substr(i, length);
    if (text[i] == '\n' || kube::is_printable(bytes)) {
      out += bytes;
    } else {
      append_escape(out, c.value);
    }
    i += length;
  }
  return out;
}

}  // namespace

std::string json_text(const Json& value) {
  return without_controls(value.dump(4, ' ', false, Json::error_handler_t::replace));
}

std::string compact_json(const Json& value) {
  return without_controls(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

}  // namespace postern::cli
