#include "rbac/request/choose_roles.h"

#include "kube/text.h"
#include "rbac/request/field_errors.h"
#include "rbac/request/reach.h"
#include "rbac/request/role_match.h"

#include <algorithm>
#include <set>
#include <utility>

namespace postern::rbac::request {
namespace {

using Roles = std::vector<const Role*>;

Roles roles_of(const std::set<std::string>& names, const Directory& directory) {
  Roles roles;
  for (const std::string& name : names) {
    roles.push_back(directory.role(name));
  }
  return roles;
}

Result<Roles> every_requestable(const Person& requester, const Directory& directory) {
  const auto held = requester.role_names();
  std::set<std::string> names;
  for (const auto& [name, role] : directory.roles) {
    if (may_request(requester, name) && std::find(held.begin(), held.end(), name) == held.end()) {
      names.insert(name);
    }
  }
  if (names.empty()) {
    FieldErrors errors;
    errors.forbidden("spec.roles", "there is no role that you may request and do not have");
    return fail(errors.refusal(requester.name));
  }
  return roles_of(names, directory);
}

/// One try to find the search roles for some IDs.
class SearchRoleChoice {
 public:
  SearchRoleChoice(const Person& requester, const Directory& directory,
                   const std::vector<ResourceId>& ids)
      : requester_(requester),
        directory_(directory),
        ids_(ids),
        usable_(search_roles(requester, directory)) {}

  Result<Roles> choose(const std::vector<std::string>& asked) {
    if (usable_.empty()) {
      errors_.forbidden("spec.resources",
                        "none of your roles lets you request resources (search_as_roles)");
    } else if (asked.empty()) {
      prune();
    } else {
      check(asked);
    }
    if (!errors_.empty()) {
      return fail(errors_.refusal(requester_.name));
    }
    return failure_ ? Result<Roles>(fail(std::move(*failure_))) : roles_of(chosen_, directory_);
  }

 private:
  bool allows_every_kind(const std::string& role) const {
    return std::all_of(ids_.begin(), ids_.end(), [&](const ResourceId& id) {
      return kind_requestable(requester_, role, id);
    });
  }

  /// "dev: pod, secret; ops: any kind".
  std::string kinds_by_role() const {
    std::string text;
    for (const std::string& role : usable_) {
      text.append(text.empty() ? "" : "; ")
          .append(kube::printable(role) + ": " + requestable_kinds(requester_, role));
    }
    return text;
  }

  void check(const std::vector<std::string>& asked) {
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (!std::binary_search(usable_.begin(), usable_.end(), asked[i])) {
        errors_.forbidden(indexed("spec.roles", i),
                          "you cannot request resources with the role " + kube::quoted(asked[i]));
      } else if (!allows_every_kind(asked[i])) {
        errors_.forbidden(indexed("spec.roles", i),
                          "with the role " + kube::quoted(asked[i]) +
                              " not all of these kinds may be requested (" + kinds_by_role() + ")");
      }
      chosen_.insert(asked[i]);
    }
  }

  void prune() {
    std::vector<std::string> by_kind;
    std::copy_if(usable_.begin(), usable_.end(), std::back_inserter(by_kind),
                 [&](const std::string& role) { return allows_every_kind(role); });
    if (by_kind.empty()) {
      errors_.forbidden("spec.resources",
                        "no role lets you request all of these kinds (" + kinds_by_role() + ")");
      return;
    }
    std::vector<bool> reached(ids_.size());
    for (const std::string& name : by_kind) {
      auto frozen = freeze(*directory_.role(name), requester_.traits);
      if (!frozen) {
        failure_ = std::move(frozen.error());
        return;
      }
      if (mark_reached(*frozen, reached)) {
        chosen_.insert(name);
      }
    }
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      if (!reached[i]) {
        errors_.forbidden(indexed("spec.resources", i), "no role that you may request reaches " +
                                                            kube::quoted(ids_[i].str()) +
                                                            "; perhaps you have access already");
      }
    }
  }

  /// Marks the IDs that the role reaches; whether there are any.
  bool mark_reached(const FrozenRole& role, std::vector<bool>& reached) const {
    const std::vector<Reach> reaches = reaches_of(role);
    bool any = false;
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      const KnownCluster* cluster = directory_.kube_cluster(ids_[i].kube_cluster());
      if (cluster != nullptr && reaches_cluster(role, *cluster) &&
          !denies_all(role, *cluster, ids_[i]) &&
          std::any_of(reaches.begin(), reaches.end(),
                      [&](const Reach& reach) { return accepts(reach, ids_[i]); })) {
        reached[i] = any = true;
      }
    }
    return any;
  }

  const Person& requester_;
  const Directory& directory_;
  const std::vector<ResourceId>& ids_;
  std::vector<std::string> usable_;
  std::set<std::string> chosen_;
  FieldErrors errors_;
  std::optional<kube::Status> failure_;
};

}  // namespace

Result<Roles> choose_roles(const Person& requester, const Directory& directory,
                           const std::vector<std::string>& asked) {
  if (asked == std::vector<std::string>{"*"}) {
    return every_requestable(requester, directory);
  }
  FieldErrors errors;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    if (directory.role(asked[i]) == nullptr || !may_request(requester, asked[i])) {
      errors.forbidden(indexed("spec.roles", i),
                       "you cannot request the role " + kube::quoted(asked[i]));
    }
  }
  if (!errors.empty()) {
    return fail(errors.refusal(requester.name));
  }
  return roles_of({asked.begin(), asked.end()}, directory);
}

Result<Roles> choose_search_roles(const Person& requester, const Directory& directory,
                                  const std::vector<std::string>& asked,
                                  const std::vector<ResourceId>& ids) {
  return SearchRoleChoice(requester, directory, ids).choose(asked);
}

}  // namespace postern::rbac::request
