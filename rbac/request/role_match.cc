#include "rbac/request/role_match.h"

#include "kube/text.h"
#include "rbac/request/frozen_role.h"
#include "rbac/requestable_kind.h"

#include <algorithm>
#include <set>

namespace postern::rbac::request {
namespace {

constexpr std::string_view kWholeCluster = "kube_cluster";
constexpr std::string_view kAnyKind = "*";

bool contains(const std::vector<std::string>& list, std::string_view word) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

/// Denied names of search roles may be patterns; what does not compile denies all.
bool denies_search(const Role& own, std::string_view role) {
  const auto& denied = own.deny.request.search_as_roles;
  return std::any_of(denied.begin(), denied.end(), [&](const std::string& text) {
    const auto pattern = Pattern::compile(text);
    return !pattern || pattern->matches(role, Effect::kDeny);
  });
}

/// Whether the entry names exactly the ID's kind: short, or a plural with its group.
bool names_kind(const RequestableKind& kind, const ResourceId& id) {
  return rbac::names_kind(kind, id.kind(), id.group(),
                          id.is_whole_namespace() ? std::string_view() : id.plural());
}

bool allows(const RequestableKind& kind, const ResourceId& id) {
  if (kind.kind != kAnyKind) {
    return names_kind(kind, id);
  }
  return id.scope() != ResourceId::Scope::kKubeCluster &&
         (kind.api_group.empty() || group_fits(kind, id.group()));
}

bool is_namespaced_kind(const RequestableKind& kind) {
  const ShortKind* known = find_short_kind(kind.kind);
  if (known == nullptr) {
    known = find_short_kind(kind.api_group == "core" ? "" : kind.api_group, kind.kind);
  }
  return known == nullptr || known->namespaced;
}

bool denies(const RequestableKind& kind, const ResourceId& id) {
  if (id.scope() == ResourceId::Scope::kKubeCluster) {
    return true;  // it includes every kind
  }
  if (kind.kind == kAnyKind || names_kind(kind, id)) {
    return true;
  }
  return id.is_whole_namespace() && (kind.kind == "namespaces" || is_namespaced_kind(kind)) &&
         kind.kind != kWholeCluster;
}

/// The lists that count for a search role. `any`: one of the roles limits nothing.
struct KindLists {
  bool any = false;
  std::vector<const RequestableKind*> kinds;
};

KindLists kind_lists(const Person& person, std::string_view search_role) {
  KindLists lists;
  for (const auto& own : person.roles) {
    const RequestConditions& request = own->allow.request;
    if (!contains(request.search_as_roles, search_role)) {
      continue;
    }
    if (!request.kubernetes_resources || request.kubernetes_resources->empty()) {
      lists.any = true;
      continue;
    }
    for (const RequestableKind& kind : *request.kubernetes_resources) {
      lists.kinds.push_back(&kind);
    }
  }
  return lists;
}

}  // namespace

bool matches_any(const std::vector<PatternTemplate>& patterns, const Traits& traits,
                 std::string_view name, Effect effect) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const PatternTemplate& source) {
    const auto expansion = source.expand(traits);
    return (expansion.incomplete && effect == Effect::kDeny) ||
           std::any_of(expansion.patterns.begin(), expansion.patterns.end(),
                       [&](const Pattern& pattern) { return pattern.matches(name, effect); });
  });
}

bool labels_match(const Role& role, const Traits& traits,
                  const std::map<std::string, std::string>& labels) {
  if (!role.allow.kubernetes_labels) {
    return role.version == 3;
  }
  return labels_match(freeze_labels(*role.allow.kubernetes_labels, traits, Effect::kAllow), labels);
}

bool lists(const Role& own, const Traits& traits, std::string_view requested) {
  return contains(own.allow.request.search_as_roles, requested) ||
         matches_any(own.allow.request.roles, traits, requested, Effect::kAllow);
}

bool may_request(const Person& person, std::string_view role) {
  const auto in = [&](const RequestConditions& request, Effect effect) {
    return matches_any(request.roles, person.traits, role, effect);
  };
  return std::none_of(person.roles.begin(), person.roles.end(),
                      [&](const auto& own) { return in(own->deny.request, Effect::kDeny); }) &&
         std::any_of(person.roles.begin(), person.roles.end(),
                     [&](const auto& own) { return in(own->allow.request, Effect::kAllow); });
}

bool search_denied(const Person& person, std::string_view role) {
  return std::any_of(person.roles.begin(), person.roles.end(), [&](const auto& own) {
    return denies_search(*own, role) ||
           matches_any(own->deny.request.roles, person.traits, role, Effect::kDeny);
  });
}

std::vector<std::string> search_roles(const Person& person, const Directory& directory) {
  std::set<std::string> names;
  for (const auto& own : person.roles) {
    for (const std::string& name : own->allow.request.search_as_roles) {
      if (directory.role(name) != nullptr && !search_denied(person, name)) {
        names.insert(name);
      }
    }
  }
  return {names.begin(), names.end()};
}

bool kind_requestable(const Person& person, std::string_view search_role, const ResourceId& id) {
  for (const auto& own : person.roles) {
    const auto& denied = own->deny.request.kubernetes_resources;
    if (denied && std::any_of(denied->begin(), denied->end(),
                              [&](const RequestableKind& kind) { return denies(kind, id); })) {
      return false;
    }
  }
  const KindLists lists = kind_lists(person, search_role);
  return lists.any || std::any_of(lists.kinds.begin(), lists.kinds.end(),
                                  [&](const RequestableKind* kind) { return allows(*kind, id); });
}

std::string requestable_kinds(const Person& person, std::string_view search_role) {
  const KindLists lists = kind_lists(person, search_role);
  if (lists.any) {
    return "any kind";
  }
  std::set<std::string> names;
  for (const RequestableKind* kind : lists.kinds) {
    names.insert(kube::printable(kind->kind) +
                 (kind->api_group.empty() ? "" : "." + kube::printable(kind->api_group)));
  }
  std::string text;
  for (const std::string& name : names) {
    text.append(text.empty() ? "" : ", ").append(name);
  }
  return text.empty() ? "none" : text;
}

}  // namespace postern::rbac::request
