#include "kube/base64.h"

#include <cstdint>

namespace postern::kube {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string encode_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    const std::string_view group = bytes.substr(at, 3);
    std::uint32_t bits = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      bits = bits << 8U | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += i <= group.size() ? kAlphabet[bits >> (18 - 6 * i) & 0x3fU] : '=';
    }
  }
  return text;
}

std::optional<std::string> decode_base64(std::string_view text) {
  std::string out;
  std::uint32_t bits = 0;
  std::size_t characters = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (c == '\n' || c == '\r') continue;
    ++characters;
    if (c == '=') {
      if (++padding > 2) return std::nullopt;
      bits <<= 6U;
    } else {
      const std::size_t value = kAlphabet.find(c);
      if (value == std::string_view::npos || padding > 0) return std::nullopt;
      bits = (bits << 6U) | static_cast<std::uint32_t>(value);
    }
    if (characters % 4 != 0) continue;
    const std::uint32_t unused = padding == 0 ? 0 : padding == 1 ? 0xffU : 0xffffU;
    if ((bits & unused) != 0) return std::nullopt;
    out += static_cast<char>((bits >> 16U) & 0xffU);
    if (padding < 2) out += static_cast<char>((bits >> 8U) & 0xffU);
    if (padding < 1) out += static_cast<char>(bits & 0xffU);
    bits = 0;
  }
  if (characters % 4 != 0) return std::nullopt;
  return out;
}

}  // namespace postern::kube
