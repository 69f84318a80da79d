#pragma once

#include "proxy/access/state/access_state.h"
#include "rbac/self_review.h"

#include <string>
#include <vector>

namespace postern::proxy::access::api {

/// A question of a SelfSubjectAccessReview about the group access.postern.dev. A value.
struct OwnQuestion {
  std::string verb;  ///< `*`: every one that the resource has
  std::string version;
  std::string resource;  ///< `*`: every one
  std::string subresource;
  std::string name;  ///< "": whether it may be done to any
};
/// The answer, with its reason.
struct OwnAnswer {
  bool allowed = false;
  std::string reason;  ///< which role's rule, or what everybody may; or why not
};

/// Whether the access API would do that for the caller, by static roles alone. What somebody may
/// not see is answered like what does not exist. On the access thread.
OwnAnswer review_own(const AccessState& state, const Caller& caller, const OwnQuestion& question);

/// The same as rules, for a SelfSubjectRulesReview. On the access thread.
std::vector<rbac::ResourceRule> own_rules(const AccessState& state, const Caller& caller);

}  // namespace postern::proxy::access::api
