#include "cli/json.h"

namespace postern::cli {

const Json& find(const Json& value, std::initializer_list<std::string_view> path) {
  static const Json kNothing;
  const Json* at = &value;
  for (const std::string_view key : path) {
    if (!at->is_object()) return kNothing;
    const auto found = at->find(std::string(key));
    if (found == at->end()) return kNothing;
    at = &*found;
  }
  return *at;
}

std::string text_at(const Json& value, std::initializer_list<std::string_view> path) {
  const Json& found = find(value, path);
  return found.is_string() ? found.get<std::string>() : std::string();
}

std::vector<std::string> texts_at(const Json& value, std::initializer_list<std::string_view> path) {
  std::vector<std::string> texts;
  for (const Json& item : find(value, path)) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

bool is_true(const Json& value, std::initializer_list<std::string_view> path) {
  const Json& found = find(value, path);
  return found.is_boolean() && found.get<bool>();
}

}  // namespace postern::cli
