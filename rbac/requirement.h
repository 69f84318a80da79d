#pragma once

#include "kube/resource_attributes.h"
#include "rbac/rule.h"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace postern::rbac {

/// One thing that a rule has to give: an object (or several) and a verb. Views live as long as the
/// request.
struct Need {
  ObjectRef object;
  VerbSet verbs;  ///< any of them suffices to allow, and any of them to deny
  /// The same object is also served under this group, whose denies count as well.
  std::optional<std::string_view> served_as;

  bool is_namespace_object() const { return object.group.empty() && object.plural == "namespaces"; }
};

/// What a request needs: every need from one and the same role. Source: design §2 "Rule verbs",
/// "Subresources" and what follows them.
struct Requirement {
  enum class Kind {
    kRefused,     ///< nobody may, or `error` says what is wrong with it
    kObject,      ///< the needs decide
    kCollection,  ///< the first need describes every object; what comes back is filtered
    kEvents,      ///< reading events: filtered by what they are about
    kSelfReview,  ///< questions about oneself: everybody may
  };

  Kind kind = Kind::kRefused;
  std::optional<kube::Status> error;
  bool needs_body = false;
  /// Nothing but a total wildcard gives this.
  bool total_only = false;
  /// The answer carries the object, which `get` decides about.
  bool shows_object = false;

  std::array<Need, 4> needs;
  std::size_t need_count = 0;

  void add(const Need& need) { needs.at(need_count++) = need; }
  const Need* begin() const { return needs.data(); }
  const Need* end() const { return needs.data() + need_count; }
  const Need& main() const { return needs.front(); }
};

/// Works out what a resource request needs. While the body has not been read, the needs are those
/// that do not depend on it, and `needs_body` says that more may come.
Requirement requirement_of(const kube::ResourceAttributes& attributes);

}  // namespace postern::rbac
