#pragma once

#include "proxy/http/codec.h"
#include "proxy/http/message.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// What request heads and response heads have in common: lines and fields. Internal to proxy/http.
namespace postern::proxy::http {

/// Why a head is refused, in words for the peer.
struct HeadFault {
  enum class Kind { kMalformed, kTooLarge };
  Kind kind = Kind::kMalformed;
  std::string_view text;  ///< of static storage
};
using MaybeFault = std::optional<HeadFault>;

inline HeadFault malformed(std::string_view text) {
  return {HeadFault::Kind::kMalformed, text};
}

/// Copies a head into the block that its views are of. A string that is short enough to live inside
/// its object would take its bytes along when it moves, so the block is always on the heap.
inline void assign_block(std::string& block, std::string_view bytes) {
  block.reserve(std::max<std::size_t>(bytes.size(), 64));
  block.assign(bytes);
}

/// Takes one line that ends with CRLF off the front of `rest`; nullopt when there is none or when
/// its LF stands bare.
std::optional<std::string_view> take_line(std::string_view& rest);

/// Reads `name: value` lines up to the empty line, which must end `rest`.
MaybeFault parse_field_lines(std::string_view rest, const HeadLimits& limits,
                             unsigned char name_class, Fields& into);

/// Refuses repetition of the fields that are read as if there were one.
MaybeFault check_singletons(const Fields& fields, std::span<const std::string_view> singletons);

/// Content-Length and Transfer-Encoding by the strict rules, whatever the message. Framing is kNone
/// where neither is there.
struct BodyLength {
  Framing framing = Framing::kNone;
  std::uint64_t content_length = 0;
};
MaybeFault parse_body_length(const Fields& fields, int minor_version, BodyLength& into);

/// Whether the connection may serve another message, by version and all `Connection` lines.
bool keeps_alive(const Fields& fields, int minor_version);

/// `HTTP/1.0` and `HTTP/1.1` to 0 and 1; nullopt for all else.
std::optional<int> parse_version(std::string_view text);

}  // namespace postern::proxy::http
