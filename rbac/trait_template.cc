#include "rbac/trait_template.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

constexpr std::string_view kOpen = "{{";
constexpr std::string_view kClose = "}}";

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') {
    text.remove_prefix(1);
  }
  while (!text.empty() && text.back() == ' ') {
    text.remove_suffix(1);
  }
  return text;
}

bool is_trait_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
           c == '-';
  });
}

/// X of `internal.X` or `external["X"]`; "" when it is neither.
std::string_view trait_of(std::string_view expression) {
  if (!expression.starts_with("internal") && !expression.starts_with("external")) {
    return "";
  }
  expression.remove_prefix(std::string_view("internal").size());
  if (expression.starts_with('.')) {
    expression.remove_prefix(1);
    return is_trait_name(expression) ? expression : "";
  }
  if (expression.size() > 4 && expression.starts_with("[\"") && expression.ends_with("\"]")) {
    const std::string_view name = expression.substr(2, expression.size() - 4);
    return name.find_first_of("\"\\") == std::string_view::npos ? name : "";
  }
  return "";
}

}  // namespace

tl::expected<TraitTemplate, PatternError> TraitTemplate::parse(std::string_view text) {
  TraitTemplate parsed;
  parsed.text_ = text;
  const std::size_t open = text.find(kOpen);
  if (open == std::string_view::npos) {
    parsed.prefix_ = text;
    return parsed;
  }
  const std::size_t close = text.find(kClose, open);
  if (close == std::string_view::npos) {
    return tl::unexpected(PatternError{"has a {{ without its }}", open});
  }
  const std::size_t behind = close + kClose.size();
  if (text.find(kOpen, behind) != std::string_view::npos) {
    return tl::unexpected(
        PatternError{"has more than one interpolation", text.find(kOpen, behind)});
  }
  const std::string_view expression =
      trimmed(text.substr(open + kOpen.size(), close - open - kOpen.size()));
  const std::string_view trait = trait_of(expression);
  if (trait.empty()) {
    return tl::unexpected(PatternError{
        expression.find('(') != std::string_view::npos
            ? "uses a function in its interpolation, which postern does not have"
            : "has an interpolation that is neither {{internal.NAME}} nor {{external.NAME}}",
        open});
  }
  parsed.prefix_ = text.substr(0, open);
  parsed.trait_ = trait;
  parsed.suffix_ = text.substr(behind);
  return parsed;
}

std::vector<std::string> TraitTemplate::expand(const Traits& traits) const {
  if (!has_trait()) {
    return {prefix_};
  }
  std::vector<std::string> values;
  const auto found = traits.find(trait_);
  if (found == traits.end()) {
    return values;
  }
  for (const std::string& value : found->second) {
    std::string expanded = prefix_ + value + suffix_;
    if (std::find(values.begin(), values.end(), expanded) == values.end()) {
      values.push_back(std::move(expanded));
    }
  }
  return values;
}

tl::expected<PatternTemplate, PatternError> PatternTemplate::parse(std::string_view text,
                                                                   std::size_t max_bytes) {
  auto source = TraitTemplate::parse(text);
  if (!source) {
    return tl::unexpected(std::move(source.error()));
  }
  PatternTemplate parsed;
  parsed.source_ = std::move(*source);
  // A value that no pattern minds stands for those that will come.
  auto pattern = parsed.has_trait()
                     ? Pattern::around(parsed.source_.prefix(), "x", parsed.source_.suffix())
                     : Pattern::compile(text, max_bytes);
  if (!pattern) {
    return tl::unexpected(std::move(pattern.error()));
  }
  parsed.pattern_ = std::move(*pattern);
  return parsed;
}

PatternTemplate PatternTemplate::fixed(Pattern pattern) {
  PatternTemplate made;
  made.source_.text_ = pattern.text();
  made.source_.prefix_ = pattern.text();
  made.pattern_ = std::move(pattern);
  return made;
}

PatternTemplate::Expansion PatternTemplate::expand(const Traits& traits) const {
  if (!has_trait()) {
    return {{pattern_}, false};
  }
  Expansion expansion;
  const auto found = traits.find(source_.trait_);
  expansion.incomplete = found == traits.end() || found->second.empty();
  if (found == traits.end()) {
    return expansion;
  }
  for (const std::string& value : found->second) {
    auto pattern = Pattern::around(source_.prefix(), value, source_.suffix());
    if (pattern) {
      expansion.patterns.push_back(std::move(*pattern));
    } else {
      expansion.incomplete = true;
    }
  }
  return expansion;
}

}  // namespace postern::rbac
