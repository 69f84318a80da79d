#include "rbac/regex_shape.h"

#include <cstddef>

namespace postern::rbac {
namespace {

constexpr std::string_view kMeta = "\\.[](){}*+?|^$";

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// The length of the class of characters at the front: `.`, `\d`, `\w` or `[…]`; 0 for none.
std::size_t class_length(std::string_view text) {
  if (text.starts_with('.')) {
    return 1;
  }
  if (text.starts_with("\\d") || text.starts_with("\\w")) {
    return 2;
  }
  if (!text.starts_with('[')) {
    return 0;
  }
  // A plain class only: what nests, negates or escapes is left to doubt.
  const std::size_t end = text.find(']', 1);
  if (end == std::string_view::npos || end == 1) {
    return 0;
  }
  const std::string_view inside = text.substr(1, end - 1);
  return inside.find_first_of("[\\^") == std::string_view::npos ? end + 1 : 0;
}

bool is_quantifier(std::string_view text) {
  if (text.empty() || text == "*" || text == "+" || text == "?") {
    return true;
  }
  return text.size() >= 3 && text.front() == '{' && text.back() == '}' &&
         text.substr(1, text.size() - 2).find_first_not_of("0123456789,") == std::string_view::npos;
}

}  // namespace

std::optional<std::string> literal_before_class(std::string_view text) {
  if (text.size() < 2 || text.front() != '^' || text.back() != '$') {
    return std::nullopt;
  }
  text = text.substr(1, text.size() - 2);
  std::string literal;
  while (!text.empty()) {
    if (text[0] == '\\' && text.size() > 1 && !is_alphanumeric(text[1])) {
      literal += text[1];
      text.remove_prefix(2);
    } else if (kMeta.find(text[0]) == std::string_view::npos) {
      literal += text[0];
      text.remove_prefix(1);
    } else {
      break;
    }
  }
  const std::size_t length = class_length(text);
  if (length == 0 || !is_quantifier(text.substr(length))) {
    return std::nullopt;
  }
  return literal;
}

}  // namespace postern::rbac
