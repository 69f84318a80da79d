#include "kube/percent.h"

#include <algorithm>

namespace postern::kube {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

void append_encoded(std::string& out, std::string_view text, std::string_view also_plain) {
  constexpr char kDigits[] = "0123456789ABCDEF";
  if (std::all_of(text.begin(), text.end(), is_unreserved)) {
    out += text;
    return;
  }
  for (const char c : text) {
    if (is_unreserved(c) || also_plain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4U];
    out += kDigits[byte & 0xfU];
  }
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

void append_path_segment(std::string& out, std::string_view segment) {
  append_encoded(out, segment, "$&+=:@");
}

std::string encode_path_segment(std::string_view segment) {
  std::string out;
  append_path_segment(out, segment);
  return out;
}

std::string encode_query_component(std::string_view text) {
  std::string out;
  append_encoded(out, text, "");
  return out;
}

}  // namespace postern::kube
