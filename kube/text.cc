#include "kube/text.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

namespace postern::kube {
namespace {

bool is_control(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0);
}

/// Characters that reorder, hide or break a line of text without being controls by category Cc.
bool is_deceptive(std::uint32_t c) {
  return c == 0x061c || c == 0x200b || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
         (c >= 0x2060 && c <= 0x206f) || c == 0xfeff || (c >= 0xfff9 && c <= 0xfffb) ||
         (c >= 0xe0000 && c <= 0xe007f);
}

bool is_shown(CodePoint c) {
  return c.length > 0 && !is_control(c.value) && !is_deceptive(c.value);
}

void append_byte_escapes(std::string& out, std::string_view bytes) {
  for (const char byte : bytes) {
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(byte));
  }
}

void append_escape(std::string& out, CodePoint c, std::string_view bytes) {
  if (c.length == 0 || c.value < 0x80) {
    append_byte_escapes(out, bytes);
  } else if (c.value <= 0xffff) {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", c.value);
  } else {
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", c.value);
  }
}

/// Calls `visit(code point, its bytes)` over the text; bytes that are not UTF-8 come one by one.
template <typename Visit>
void for_each_character(std::string_view text, Visit visit) {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    const std::size_t length = std::max<std::size_t>(c.length, 1);
    visit(c, text.substr(i, length));
    i += length;
  }
}

bool is_shell_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

CodePoint decode_utf8(std::string_view text, std::size_t position) {
  const auto byte = [&](std::size_t i) -> std::uint32_t {
    return position + i < text.size() ? static_cast<unsigned char>(text[position + i]) : 0U;
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return {first, 1};
  std::size_t length = 0;
  std::uint32_t least = 0;
  if (first >= 0xc2 && first <= 0xdf) {
    length = 2;
    least = 0x80;
  } else if (first >= 0xe0 && first <= 0xef) {
    length = 3;
    least = 0x800;
  } else if (first >= 0xf0 && first <= 0xf4) {
    length = 4;
    least = 0x10000;
  } else {
    return {};
  }
  std::uint32_t value = first & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return {};
    value = (value << 6U) | (byte(i) & 0x3fU);
  }
  if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff)) return {};
  return {value, length};
}

bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const CodePoint c = decode_utf8(text, i);
    if (c.length == 0) return false;
    i += c.length;
  }
  return true;
}

bool is_printable(std::string_view text) {
  bool shown = true;
  for_each_character(text, [&](CodePoint c, std::string_view) { shown = shown && is_shown(c); });
  return shown;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for_each_character(text, [&](CodePoint c, std::string_view bytes) {
    if (is_shown(c)) {
      out += bytes;
    } else {
      append_escape(out, c, bytes);
    }
  });
  return out;
}

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for_each_character(text, [&](CodePoint c, std::string_view bytes) {
    switch (c.length == 0 ? 0 : c.value) {
      case '"':
      case '\\':
        out += '\\';
        out += bytes;
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        if (is_shown(c)) {
          out += bytes;
        } else {
          append_escape(out, c, bytes);
        }
    }
  });
  out += '"';
  return out;
}

std::string shell_quote(std::string_view word) {
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_shell_safe)) {
    return std::string(word);
  }
  const bool plain = is_printable(word);
  std::string out = plain ? "'" : "$'";
  for_each_character(word, [&](CodePoint c, std::string_view bytes) {
    if (plain) {
      out += bytes == "'" ? "'\\''" : bytes;
    } else if (bytes == "'" || bytes == "\\") {
      out += '\\';
      out += bytes;
    } else if (is_shown(c)) {
      out += bytes;
    } else {
      append_byte_escapes(out, bytes);
    }
  });
  out += '\'';
  return out;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : printable(text)) {
    switch (c) {
      case '"':
      case '\\':
        out += '\\';
        out += c;
        break;
      case '&':
      case '<':
      case '>':
        fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
        break;
      default:
        out += c;
    }
  }
  out += '"';
}

std::string ascii_lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace postern::kube
