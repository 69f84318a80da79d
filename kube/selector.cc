#include "kube/selector.h"

#include <algorithm>

namespace postern::kube {
namespace {

std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  bool escaped = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (escaped) {
      escaped = false;
    } else if (text[i] == '\\') {
      escaped = true;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  terms.push_back(text.substr(start));
  return terms;
}

std::optional<std::string> unescape(std::string_view value) {
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    char c = value[i];
    if (c == ',' || c == '=') return std::nullopt;
    if (c == '\\') {
      if (++i == value.size()) return std::nullopt;
      c = value[i];
      if (c != '\\' && c != ',' && c != '=') return std::nullopt;
    }
    out += c;
  }
  return out;
}

std::optional<FieldRequirement> parse_term(std::string_view term) {
  for (std::size_t i = 0; i < term.size(); ++i) {
    const std::string_view rest = term.substr(i);
    const bool unequal = rest.starts_with("!=");
    if (!unequal && rest.front() != '=') continue;
    const std::size_t width = unequal || rest.starts_with("==") ? 2 : 1;
    auto value = unescape(rest.substr(width));
    if (!value) return std::nullopt;
    return FieldRequirement{std::string(term.substr(0, i)), !unequal, std::move(*value)};
  }
  return std::nullopt;
}

}  // namespace

Result<std::vector<FieldRequirement>> parse_field_selector(std::string_view text) {
  std::vector<std::string_view> terms = split_terms(text);
  std::sort(terms.begin(), terms.end());
  std::vector<FieldRequirement> selector;
  for (const std::string_view term : terms) {
    if (term.empty()) continue;
    auto requirement = parse_term(term);
    if (!requirement) return fail(Status::bad_request("the field selector does not parse"));
    selector.push_back(std::move(*requirement));
  }
  return selector;
}

std::optional<std::string> required_value(const std::vector<FieldRequirement>& selector,
                                          std::string_view field) {
  for (const FieldRequirement& requirement : selector) {
    if (requirement.equals && requirement.field == field) return requirement.value;
  }
  return std::nullopt;
}

bool is_path_segment_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." &&
         name.find_first_of("/%") == std::string_view::npos;
}

}  // namespace postern::kube
