#pragma once

#include "kube/result.h"
#include "rbac/request/directory.h"
#include "rbac/request/frozen_role.h"
#include "rbac/resource_id.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac::request {

/// What a request will give: roles, with the requester's traits filled in, within resource IDs, in
/// clusters. Frozen when the request is filed, shown to reviewers, named by a digest in each
/// review, and joined with what the roles say on the day of use (design §2 "Roles"). A plain value.
struct EffectiveRules {
  std::string user;
  std::vector<FrozenRole> roles;          ///< by name
  std::vector<std::string> resource_ids;  ///< sorted; none: everything that the roles allow
  /// The kube clusters that it is about, with the UID of their `kube-system`: another cluster under
  /// the same name gets nothing.
  std::map<std::string, std::string> clusters;

  friend bool operator==(const EffectiveRules&, const EffectiveRules&) = default;

  /// One line of JSON, stable for ever: keys sorted, no spaces, empty members left out; equal
  /// values give equal bytes.
  ///
  ///     {"format":1,"user":…,"resources":[ID…],"clusters":{NAME:UID},
  ///      "roles":[{"name":…,"version":8,"allow":CONDITIONS,"deny":CONDITIONS}]}
  ///     CONDITIONS = {"labels":{LABEL:[PATTERN…]},"resources":[RULE…],"groups":[…],"users":[…]}
  ///     RULE = {"kind":…,"api_group":PATTERN,"namespace":PATTERN,"name":PATTERN,"verbs":[…]}
  ///     PATTERN = "text" | ["text before","value of a trait, literal","text after"]
  ///
  /// `namespace` is left out where none was written; `verbs` is ["*"] for all.
  std::string to_json() const;

  /// The value that to_json() wrote. 500 for anything else, also for other spellings of the same
  /// value: what is stored is read back byte for byte, or not at all.
  static Result<EffectiveRules> from_json(std::string_view text);
  /// The same in any spelling: to be shown, never to be granted.
  static Result<EffectiveRules> from_json_to_show(std::string_view text);

  /// `sha256:` and the SHA-256 of to_json() in hexadecimal.
  std::string digest() const;
  /// The same of what to_json() gave.
  static std::string digest_of(std::string_view json);
};

/// The JSON of one role as in EffectiveRules::to_json().
std::string frozen_role_json(const FrozenRole& role);

/// The effective rules of roles and IDs for a user with these traits. `ids` empty: the clusters are
/// those whose labels some role matches. 403 as freeze(); 503 when a cluster's UID is not known
/// yet.
Result<EffectiveRules> effective_rules(std::string_view user, const Traits& traits,
                                       const std::vector<const Role*>& roles,
                                       const std::vector<ResourceId>& ids,
                                       const Directory& directory);

}  // namespace postern::rbac::request
