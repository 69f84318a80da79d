#pragma once

#include "kube/result.h"
#include "rbac/pattern.h"
#include "rbac/role.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac::request {

/// A pattern of a role with the trait's value filled in. The value stays apart from the text around
/// it, because it is literal there whatever characters it has.
class FrozenPattern {
 public:
  /// Text that was written without an interpolation.
  static tl::expected<FrozenPattern, PatternError> written(std::string_view text);
  static tl::expected<FrozenPattern, PatternError> around(std::string_view before,
                                                          std::string_view value,
                                                          std::string_view after);
  static FrozenPattern any();

  const Pattern& pattern() const { return pattern_; }
  const std::string& before() const { return before_; }  ///< the whole text without a value
  const std::optional<std::string>& value() const { return value_; }
  const std::string& after() const { return after_; }

  friend bool operator==(const FrozenPattern& a, const FrozenPattern& b) {
    return a.before_ == b.before_ && a.value_ == b.value_ && a.after_ == b.after_;
  }

 private:
  std::string before_;
  std::optional<std::string> value_;
  std::string after_;
  Pattern pattern_ = Pattern::literal("");
};

/// Patterns by label; every label has to be there, with a value that one of its patterns matches.
using FrozenLabels = std::map<std::string, std::vector<FrozenPattern>>;

/// A KubeResourceRule for one value of each of its traits.
struct FrozenRule {
  std::string kind;
  FrozenPattern api_group;
  FrozenPattern namespace_;
  FrozenPattern name;
  VerbSet verbs;
  bool all_verbs = false;
  bool namespace_written = false;

  friend bool operator==(const FrozenRule&, const FrozenRule&) = default;
};

/// What `spec.allow` or `spec.deny` says about kube clusters.
struct FrozenConditions {
  std::optional<FrozenLabels> labels;
  std::vector<FrozenRule> resources;
  std::vector<std::string> groups;  ///< under deny: patterns
  std::vector<std::string> users;

  friend bool operator==(const FrozenConditions&, const FrozenConditions&) = default;
};

/// The kube part of a role with one user's traits filled in: a value that means the same for ever,
/// whatever becomes of the role and of the user. `rules`, `request` and `review_requests` are left
/// out, because a grant conveys none of them (design §2 "Roles").
struct FrozenRole {
  std::string name;
  int version = 8;
  FrozenConditions allow;
  FrozenConditions deny;

  friend bool operator==(const FrozenRole&, const FrozenRole&) = default;
};

/// Rules that one role may become when its traits are filled in.
inline constexpr std::size_t kMaxFrozenRules = 4096;

/// Fills in the traits. What has no value is left out of allow and matches everything in deny; a
/// trait's value is never a wildcard in allow. 403 when the role cannot be frozen: more than
/// kMaxFrozenRules rules, or values that cannot be written down.
Result<FrozenRole> freeze(const Role& role, const Traits& traits);

/// The labels alone, with `effect` deciding what a missing value means.
FrozenLabels freeze_labels(const LabelSelector& selector, const Traits& traits, Effect effect);

/// The role that means what the frozen one says, for rbac::Grant. `source` makes equal roles equal
/// (Role::source). 500 for a value that freeze() did not make.
Result<std::shared_ptr<const Role>> thaw(const FrozenRole& frozen, std::string source,
                                         std::string origin);

/// Whether the labels of a cluster are those of the selector; an empty selector wants what nobody
/// has, and `*: *` is every cluster.
bool labels_match(const FrozenLabels& selector, const std::map<std::string, std::string>& labels);

}  // namespace postern::rbac::request
