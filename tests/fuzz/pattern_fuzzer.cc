#include "rbac/pattern_set.h"

#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using namespace postern::rbac;

/// `*` by the obvious table: reached[i] says whether the pattern so far matches the first i bytes.
bool obvious_match(std::string_view pattern, std::string_view name) {
  std::vector<bool> reached(name.size() + 1, false);
  reached[0] = true;
  for (const char c : pattern) {
    std::vector<bool> next(name.size() + 1, false);
    for (std::size_t i = 0; i <= name.size(); ++i) {
      if (c == '*') {
        next[i] = reached[i] || (i > 0 && next[i - 1]);
      } else if (i > 0) {
        next[i] = reached[i - 1] && name[i - 1] == c;
      }
    }
    reached = next;
  }
  return reached[name.size()];
}

void check_one(const Pattern& pattern, std::string_view name) {
  const bool allowed = pattern.matches(name, Effect::kAllow);
  const bool denied = pattern.matches(name, Effect::kDeny);
  if (allowed && !denied) std::abort();  // a deny is never narrower
  if (pattern.kind() != Pattern::Kind::kRegex && allowed != obvious_match(pattern.text(), name)) {
    std::abort();
  }
  if (!pattern.covers(pattern, Effect::kAllow)) std::abort();
  const Pattern literal = Pattern::literal(name);
  if (pattern.covers(literal, Effect::kAllow) != allowed) std::abort();
  if (allowed && !pattern.could_intersect(literal)) std::abort();
  for (const char* letters : {"bcdfg", "24567", "zzzzz"}) {
    const std::string made = std::string(name.substr(0, 58)) + letters;
    if (pattern.covers_generated(name) && !pattern.matches(made)) std::abort();
    if (pattern.matches(made) && !pattern.could_match_generated(name, Effect::kDeny)) std::abort();
  }
}

}  // namespace

// Lines are patterns, the last one is a name: each pattern is what the obvious matcher says, and a
// set of them finds those that match.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  std::vector<Pattern> patterns;
  for (std::size_t end;
       (end = text.find('\n')) != std::string_view::npos && patterns.size() < 64;) {
    auto pattern = Pattern::compile(text.substr(0, end));
    if (pattern) {
      patterns.push_back(std::move(*pattern));
    } else if (pattern.error().message.empty() || pattern.error().offset > end) {
      std::abort();
    }
    text.remove_prefix(end + 1);
  }
  const std::string_view name = text.substr(0, 300);
  PatternSet set;
  for (std::uint32_t i = 0; i < patterns.size(); ++i) {
    check_one(patterns[i], name);
    set.add(patterns[i], i);
  }
  set.build();
  for (const Effect effect : {Effect::kAllow, Effect::kDeny}) {
    std::vector<bool> found(patterns.size(), false);
    set.find(name, effect, [&](std::uint32_t i) {
      found[i] = true;
      return false;
    });
    for (std::size_t i = 0; i < patterns.size(); ++i) {
      if (found[i] != patterns[i].matches(name, effect)) std::abort();
    }
  }
  return 0;
}
