#pragma once

#include "proxy/http/codec.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Wire text in pieces, as sockets deliver it: for the tests of proxy/http.
namespace postern::proxy::http::test {

/// The size of the first head when the bytes come in these pieces: as a connection would find it.
inline std::size_t find_in_pieces(const std::vector<std::string_view>& pieces) {
  std::string buffer;
  std::size_t scanned = 0;
  for (const std::string_view piece : pieces) {
    buffer.append(piece);
    if (const std::size_t size = find_head_end(buffer, scanned)) return size;
  }
  return 0;
}

inline std::vector<std::string_view> byte_by_byte(std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t i = 0; i < text.size(); ++i) pieces.push_back(text.substr(i, 1));
  return pieces;
}

/// What a body decoder made of some bytes.
struct Decoded {
  std::string payload;
  std::string rest;    ///< bytes behind the body
  bool done = false;   ///< before finish()
  bool error = false;  ///< decode() refused
  bool whole = false;  ///< finish() was content
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

inline Decoded decode_pieces(BodyDecoder decoder, const std::vector<std::string_view>& pieces) {
  Decoded result;
  for (std::string_view piece : pieces) {
    while (!piece.empty() && !decoder.done() && !result.error) {
      std::size_t consumed = 0;
      const auto payload = decoder.decode(piece, consumed);
      if (!payload) {
        result.error = true;
        break;
      }
      result.payload.append(*payload);
      piece.remove_prefix(consumed);
    }
    if (decoder.done()) result.rest.append(piece);
  }
  result.done = decoder.done();
  result.whole = decoder.finish().has_value();
  return result;
}

}  // namespace postern::proxy::http::test
