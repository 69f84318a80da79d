#include "proxy/http/field_block.h"

#include "proxy/http/chars.h"

#include <charconv>
#include <cstring>

namespace postern::proxy::http {

namespace {

MaybeFault parse_field_line(std::string_view line, chars::Class name_class, Fields& into) {
  if (line.front() == ' ' || line.front() == '\t') return malformed("folded header line");
  std::size_t colon = 0;
  while (colon < line.size() && is(name_class, line[colon])) ++colon;
  if (colon == 0 || colon == line.size() || line[colon] != ':')
    return malformed("malformed header name");
  const std::string_view value = line.substr(colon + 1);
  if (!all(chars::kValue, value)) return malformed("control character in a header value");
  into.add({line.substr(0, colon), trim(value)});
  return std::nullopt;
}

}  // namespace

std::size_t find_head_end(std::string_view buffer, std::size_t& scanned) {
  while (scanned < buffer.size()) {
    const char* from = buffer.data() + scanned;
    const void* found = std::memchr(from, '\n', buffer.size() - scanned);
    if (found == nullptr) {
      scanned = buffer.size();
      return 0;
    }
    const auto line_end = static_cast<std::size_t>(static_cast<const char*>(found) - buffer.data());
    scanned = line_end + 1;
    const bool bare = line_end == 0 || buffer[line_end - 1] != '\r';
    const bool empty = !bare && (line_end == 1 || buffer[line_end - 2] == '\n');
    if (bare || empty) return scanned;
  }
  return 0;
}

std::optional<std::string_view> take_line(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') return std::nullopt;
  const std::string_view line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  return line;
}

MaybeFault parse_field_lines(std::string_view rest, const HeadLimits& limits,
                             unsigned char name_class, Fields& into) {
  while (true) {
    const std::optional<std::string_view> line = take_line(rest);
    if (!line) return malformed("header line without CRLF");
    if (line->empty()) break;
    if (into.size() == limits.max_fields)
      return HeadFault{HeadFault::Kind::kTooLarge, "too many header fields"};
    if (auto fault = parse_field_line(*line, static_cast<chars::Class>(name_class), into))
      return fault;
  }
  if (!rest.empty()) return malformed("bytes behind the head");
  return std::nullopt;
}

MaybeFault check_singletons(const Fields& fields, std::span<const std::string_view> singletons) {
  std::uint32_t seen = 0;
  for (const Field& field : fields) {
    for (std::size_t i = 0; i < singletons.size(); ++i) {
      if (field.name.size() != singletons[i].size() || !iequals(field.name, singletons[i]))
        continue;
      const std::uint32_t bit = std::uint32_t{1} << i;
      if ((seen & bit) != 0) return malformed("repeated header field that may be there once");
      seen |= bit;
      break;
    }
  }
  return std::nullopt;
}

MaybeFault parse_body_length(const Fields& fields, int minor_version, BodyLength& into) {
  const auto encoding = fields.get("Transfer-Encoding");
  const auto length = fields.get("Content-Length");
  if (encoding) {
    if (minor_version == 0) return malformed("Transfer-Encoding with HTTP/1.0");
    if (!iequals(*encoding, "chunked")) return malformed("unsupported Transfer-Encoding");
    if (length) return malformed("both Transfer-Encoding and Content-Length");
    into.framing = Framing::kChunked;
    return std::nullopt;
  }
  if (!length) return std::nullopt;
  // Signs, spaces and lists ("5, 5") are what two readers understand differently. Ten digits fit.
  const char* end = length->data() + length->size();
  const auto [stop, error] = std::from_chars(length->data(), end, into.content_length);
  if (length->empty() || length->size() > 10 || error != std::errc{} || stop != end)
    return malformed("malformed Content-Length");
  into.framing = Framing::kLength;
  return std::nullopt;
}

bool keeps_alive(const Fields& fields, int minor_version) {
  if (fields.has_token("Connection", "close")) return false;
  return minor_version == 1 || fields.has_token("Connection", "keep-alive");
}

std::optional<int> parse_version(std::string_view text) {
  if (text == "HTTP/1.1") return 1;
  if (text == "HTTP/1.0") return 0;
  return std::nullopt;
}

}  // namespace postern::proxy::http
