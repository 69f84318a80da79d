#include "proxy/http/message.h"

#include "proxy/http/chars.h"

namespace postern::proxy::http {

namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

}  // namespace

bool same_letters(std::string_view a, std::string_view b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

bool has_token(std::string_view list, std::string_view token) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (iequals(trim(list.substr(0, comma)), token)) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

std::optional<std::string_view> Fields::get(std::string_view name) const {
  for (const Field& field : fields_) {
    if (iequals(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::size_t Fields::count(std::string_view name) const {
  std::size_t count = 0;
  for (const Field& field : fields_) count += iequals(field.name, name) ? 1 : 0;
  return count;
}

std::vector<std::string_view> Fields::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const Field& field : fields_) {
    if (iequals(field.name, name)) values.push_back(field.value);
  }
  return values;
}

bool Fields::has_token(std::string_view name, std::string_view token) const {
  for (const Field& field : fields_) {
    if (iequals(field.name, name) && http::has_token(field.value, token)) return true;
  }
  return false;
}

}  // namespace postern::proxy::http
