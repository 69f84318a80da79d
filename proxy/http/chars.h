#pragma once

#include <array>
#include <string_view>

/// Character classes of HTTP (RFC 9110 §5.6.2, RFC 9112), as tables: one load per byte.
namespace postern::proxy::http {

namespace chars {
/// Bits of the table below.
enum Class : unsigned char {
  kToken = 1,       ///< RFC token: names of our own and of upstream's fields
  kClientName = 2,  ///< [A-Za-z0-9-]: names of a client's fields; `_` would alias other names
  kValue = 4,       ///< tab, space and everything printable, obs-text included
  kTarget = 8,      ///< [!-~]
  kHost = 16,       ///< reg-name, IPv4, [IPv6] and a port, without percent-encoding
  kAlpha = 32,
  kHex = 64,
};

consteval std::array<unsigned char, 256> make_table() {
  std::array<unsigned char, 256> table{};
  for (int i = 0; i < 256; ++i) {
    const bool digit = i >= '0' && i <= '9';
    const bool alpha = (i >= 'a' && i <= 'z') || (i >= 'A' && i <= 'Z');
    const bool punctuation =
        i < 128 && i > 0 &&
        std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(i)) != std::string_view::npos;
    unsigned bits = 0;
    if (alpha || digit || punctuation) bits |= kToken;
    if (alpha || digit || i == '-') bits |= kClientName;
    if (i == '\t' || (i >= 0x20 && i != 0x7F)) bits |= kValue;
    if (i >= 0x21 && i <= 0x7E) bits |= kTarget;
    if (alpha || digit || i == '-' || i == '.' || i == '_' || i == ':' || i == '[' || i == ']')
      bits |= kHost;
    if (alpha) bits |= kAlpha;
    if (digit || (i >= 'a' && i <= 'f') || (i >= 'A' && i <= 'F')) bits |= kHex;
    table[static_cast<std::size_t>(i)] = static_cast<unsigned char>(bits);
  }
  return table;
}

inline constexpr std::array<unsigned char, 256> kTable = make_table();

}  // namespace chars

inline bool is(chars::Class wanted, char c) {
  return (chars::kTable[static_cast<unsigned char>(c)] & wanted) != 0;
}

/// Whether every byte is of the class (true for "").
inline bool all(chars::Class wanted, std::string_view text) {
  unsigned char seen = 0xFF;
  for (const char c : text) seen &= chars::kTable[static_cast<unsigned char>(c)];
  return (seen & wanted) != 0;
}

/// Without spaces and tabs at the edges (OWS).
inline std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

}  // namespace postern::proxy::http
