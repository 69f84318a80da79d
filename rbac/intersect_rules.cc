#include "rbac/intersect_rules.h"

#include "rbac/pattern.h"

#include <algorithm>
#include <utility>

namespace postern::rbac {
namespace {

void add_once(std::vector<std::string>& words, const std::string& word) {
  if (std::find(words.begin(), words.end(), word) == words.end()) {
    words.push_back(word);
  }
}

/// Whether a resource of a rule reaches another: `*` everything, `*/status` every kind's status.
bool reaches_resource(const std::string& wide, const std::string& narrow) {
  if (wide == "*" || wide == narrow) {
    return true;
  }
  return wide.starts_with("*/") && narrow.ends_with(wide.substr(1)) &&
         narrow.find('/') == narrow.size() - wide.size() + 1;
}

std::vector<std::string> intersect_resources(const std::vector<std::string>& a,
                                             const std::vector<std::string>& b) {
  std::vector<std::string> both;
  for (const std::string& one : a) {
    for (const std::string& other : b) {
      if (reaches_resource(one, other)) {
        add_once(both, other);
      } else if (reaches_resource(other, one)) {
        add_once(both, one);
      }
    }
  }
  return both;
}

Pattern pattern_of(const std::string& text) {
  auto pattern = Pattern::compile(text);
  return pattern ? std::move(*pattern) : Pattern::literal(text);
}

}  // namespace

std::vector<std::string> intersect_words(const std::vector<std::string>& a,
                                         const std::vector<std::string>& b) {
  std::vector<std::string> both;
  for (const std::string& one : a) {
    for (const std::string& other : b) {
      if (one == other || other == "*") {
        add_once(both, one);
      } else if (one == "*") {
        add_once(both, other);
      }
    }
  }
  return both;
}

std::vector<std::string> intersect_patterns(const std::vector<std::string>& a,
                                            const std::vector<std::string>& b, bool& incomplete) {
  std::vector<std::string> both;
  for (const std::string& one : a) {
    for (const std::string& other : b) {
      const Pattern first = pattern_of(one);
      const Pattern second = pattern_of(other);
      if (first.covers(second, Effect::kAllow)) {
        add_once(both, other);
      } else if (second.covers(first, Effect::kAllow)) {
        add_once(both, one);
      } else {
        incomplete = incomplete || first.could_intersect(second);
      }
    }
  }
  return both;
}

std::vector<ResourceRule> intersect(const std::vector<ResourceRule>& a,
                                    const std::vector<ResourceRule>& b, bool& incomplete) {
  std::vector<ResourceRule> both;
  for (const ResourceRule& one : a) {
    for (const ResourceRule& other : b) {
      ResourceRule rule;
      rule.verbs = intersect_words(one.verbs, other.verbs);
      rule.api_groups = intersect_words(one.api_groups, other.api_groups);
      rule.resources = intersect_resources(one.resources, other.resources);
      if (rule.verbs.empty() || rule.api_groups.empty() || rule.resources.empty()) {
        continue;
      }
      const bool names = !one.resource_names.empty() && !other.resource_names.empty();
      rule.resource_names =
          names ? intersect_patterns(one.resource_names, other.resource_names, incomplete)
                : (one.resource_names.empty() ? other.resource_names : one.resource_names);
      const bool is_new = std::find(both.begin(), both.end(), rule) == both.end();
      if (is_new && (!names || !rule.resource_names.empty())) {
        both.push_back(std::move(rule));
      }
    }
  }
  return both;
}

}  // namespace postern::rbac
