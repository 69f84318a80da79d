#include "proxy/audit/policy.h"

#include <algorithm>

// Tested by tests/proxy/audit/policy_test.cc
namespace postern::proxy::audit {
namespace {

bool has(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

bool matches_user(const PolicyRule& rule, const rbac::UserInfo* user) {
  if (rule.users.empty() && rule.user_groups.empty()) return true;
  if (user == nullptr) return false;
  if (!rule.users.empty() && !has(rule.users, user->name)) return false;
  return rule.user_groups.empty() ||
         std::any_of(user->groups.begin(), user->groups.end(),
                     [&](const std::string& group) { return has(rule.user_groups, group); });
}

/// `pods`, `pods/log`, `pods/*`, `*/scale`, `*`.
bool covers(std::string_view pattern, std::string_view resource, std::string_view subresource) {
  if (pattern == "*") return true;
  const std::size_t slash = pattern.find('/');
  if (slash == std::string_view::npos) return subresource.empty() && pattern == resource;
  const std::string_view before = pattern.substr(0, slash);
  const std::string_view behind = pattern.substr(slash + 1);
  if (behind == "*") return before == resource;
  return !subresource.empty() && behind == subresource && (before == "*" || before == resource);
}

bool covers(const GroupResources& entry, const Attributes& asked) {
  if (entry.group != asked.api_group) return false;
  if (!entry.resource_names.empty() && !has(entry.resource_names, asked.name)) return false;
  return entry.resources.empty() ||
         std::any_of(entry.resources.begin(), entry.resources.end(), [&](const std::string& one) {
           return covers(one, asked.resource, asked.subresource);
         });
}

bool matches_resource(const PolicyRule& rule, const Attributes& asked) {
  if (!asked.is_resource_request) return false;
  if (!rule.namespaces.empty() && !has(rule.namespaces, asked.namespace_)) return false;
  return rule.resources.empty() ||
         std::any_of(rule.resources.begin(), rule.resources.end(),
                     [&](const GroupResources& entry) { return covers(entry, asked); });
}

bool covers_path(std::string_view pattern, std::string_view path) {
  if (pattern == "*" || pattern == path) return true;
  return pattern.ends_with('*') && path.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool matches_path(const PolicyRule& rule, const Attributes& asked) {
  return !asked.is_resource_request &&
         std::any_of(rule.non_resource_urls.begin(), rule.non_resource_urls.end(),
                     [&](const std::string& one) { return covers_path(one, asked.path); });
}

bool matches(const PolicyRule& rule, const Attributes& asked) {
  if (!matches_user(rule, asked.user)) return false;
  if (!rule.verbs.empty() && !has(rule.verbs, asked.verb)) return false;
  if (!rule.namespaces.empty() || !rule.resources.empty()) return matches_resource(rule, asked);
  return rule.non_resource_urls.empty() || matches_path(rule, asked);
}

Policy make_built_in() {
  PolicyRule noise;
  noise.level = Level::kNone;
  noise.verbs = {"get"};
  noise.non_resource_urls = {"/healthz*", "/livez*", "/readyz*", "/version",  "/api",
                             "/api/*",    "/apis",   "/apis/*",  "/openapi/*"};
  PolicyRule sensitive;
  sensitive.level = Level::kMetadata;
  sensitive.resources = {
      {"",
       {"secrets", "*/exec", "*/attach", "*/portforward", "*/proxy", "serviceaccounts/token"},
       {}}};
  PolicyRule reads;
  reads.level = Level::kMetadata;
  reads.verbs = {"get", "list", "watch"};
  reads.omit_stages.insert(Stage::kRequestReceived);
  PolicyRule everything_else;
  everything_else.level = Level::kMetadata;
  Policy policy;
  policy.rules = {std::move(noise), std::move(sensitive), std::move(reads),
                  std::move(everything_else)};
  return policy;
}

}  // namespace

RequestConfig Policy::evaluate(const Attributes& attributes) const {
  for (const PolicyRule& rule : rules) {
    if (matches(rule, attributes)) {
      return {rule.level, omit_stages.united(rule.omit_stages),
              rule.omit_managed_fields.value_or(omit_managed_fields)};
    }
  }
  return {};
}

const Policy& built_in_policy() {
  static const Policy policy = make_built_in();
  return policy;
}

}  // namespace postern::proxy::audit
