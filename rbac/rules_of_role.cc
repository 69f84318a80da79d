#include "rbac/rules_of_role.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace postern::rbac {
namespace {

constexpr VerbSet kPlainVerbs = kReadVerbs | Verb::kCreate | Verb::kUpdate | Verb::kPatch |
                                Verb::kDelete | Verb::kDeleteCollection | Verb::kBind |
                                Verb::kEscalate;

std::vector<std::string> words(VerbSet verbs) {
  std::vector<std::string> list;
  for (std::uint32_t bit = 1; bit <= verbs.bits(); bit <<= 1) {
    if (verbs.bits() & bit) {
      list.emplace_back(verb_name(static_cast<Verb>(bit)));
    }
  }
  return list;
}

/// A subresource that some verb of a rule opens.
struct Door {
  Verb verb;
  const char* group;
  const char* plural;
  const char* subresource;
  std::array<const char*, 2> verbs;
};
constexpr Door kDoors[] = {
    {Verb::kGet, "", "pods", "log", {"get", nullptr}},
    {Verb::kExec, "", "pods", "exec", {"create", "get"}},
    {Verb::kExec, "", "pods", "attach", {"create", "get"}},
    {Verb::kPortForward, "", "pods", "portforward", {"create", "get"}},
    {Verb::kDelete, "", "pods", "eviction", {"create", nullptr}},
    {Verb::kProxy, "", "pods", "proxy", {"create", "get"}},
    {Verb::kProxy, "", "services", "proxy", {"create", "get"}},
    {Verb::kProxy, "", "nodes", "proxy", {"create", "get"}},
    {Verb::kToken, "", "serviceaccounts", "token", {"create", nullptr}},
    {Verb::kFinalize, "", "namespaces", "finalize", {"update", nullptr}},
    {Verb::kApprove,
     "certificates.k8s.io",
     "certificatesigningrequests",
     "approval",
     {"update", "patch"}},
};

/// Rules that would say too much with their kind's `*` are about its objects and their two common
/// subresources only; `*` itself covers every subresource in the API server's reading.
std::vector<std::string> resources_of(const Rule& rule) {
  if (rule.plural.empty()) {
    return {"*"};
  }
  return {rule.plural, rule.plural + "/scale", rule.plural + "/status"};
}

void add_doors(const Rule& rule, const std::vector<std::string>& names,
               std::vector<ResourceRule>& rules) {
  for (const Door& door : kDoors) {
    if (!rule.verbs.contains(door.verb) || !reaches_kind(rule, door.group, door.plural)) {
      continue;
    }
    ResourceRule open{
        {door.verbs[0]}, {door.group}, {std::string(door.plural) + "/" + door.subresource}, names};
    if (door.verbs[1] != nullptr) {
      open.verbs.emplace_back(door.verbs[1]);
    }
    rules.push_back(std::move(open));
  }
}

void add_rule(const Rule& rule, std::vector<ResourceRule>& rules) {
  const std::vector<std::string> names =
      rule.name.is_any() ? std::vector<std::string>() : std::vector<std::string>{rule.name.text()};
  if (rule.total || rule.verbs == kAllVerbs) {
    rules.push_back({{"*"}, {rule.group.text()}, {rule.plural.empty() ? "*" : rule.plural}, names});
    if (!rule.plural.empty()) {
      rules.back().resources.push_back(rule.plural + "/*");
    }
    return;
  }
  const VerbSet plain = rule.verbs & kPlainVerbs;
  if (!plain.empty()) {
    rules.push_back({words(plain), {rule.group.text()}, resources_of(rule), names});
  }
  add_doors(rule, names, rules);
}

bool reaches_namespace(const Rule& rule, std::string_view space) {
  return rule.cluster_scoped || (rule.namespaced && rule.namespace_.matches(space));
}

}  // namespace

std::vector<ResourceRule> rules_of_index(const RuleIndex& index, std::string_view namespace_) {
  std::vector<ResourceRule> rules;
  for (const Rule& rule : index.rules()) {
    if (reaches_namespace(rule, namespace_)) {
      add_rule(rule, rules);
    }
  }
  if (!namespace_.empty() && index.find_inside(namespace_) != RuleIndex::kNone) {
    rules.push_back({{"get", "list", "watch"}, {""}, {"namespaces"}, {std::string(namespace_)}});
  }
  return rules;
}

void take_denied(std::vector<ResourceRule>& rules, const RuleIndex& deny,
                 std::string_view namespace_) {
  for (const Rule& rule : deny.rules()) {
    const bool whole = rule.name.is_any() && rule.group.is_any() && rule.plural.empty() &&
                       rule.namespaced && rule.namespace_.matches(namespace_, Effect::kDeny);
    for (ResourceRule& given : rules) {
      const bool same_kind = given.resources.size() >= 1 &&
                             given.resources.front() == rule.plural &&
                             given.api_groups.size() == 1 &&
                             rule.group.matches(given.api_groups.front(), Effect::kDeny);
      const bool in_scope = rule.cluster_scoped ||
                            (rule.namespaced && rule.namespace_.matches(namespace_, Effect::kDeny));
      const bool every_name = rule.name.is_any();
      if (whole || (same_kind && in_scope && every_name)) {
        std::erase_if(given.verbs, [&rule](const std::string& verb) {
          const auto known = parse_verb(verb);
          return known ? rule.verbs.contains(*known) : rule.verbs == kAllVerbs;
        });
      }
    }
  }
  std::erase_if(rules, [](const ResourceRule& rule) { return rule.verbs.empty(); });
}

}  // namespace postern::rbac
