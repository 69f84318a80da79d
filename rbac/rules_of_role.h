#pragma once

#include "rbac/rule_index.h"
#include "rbac/self_review.h"

#include <string_view>
#include <vector>

namespace postern::rbac {

/// The rules of an index that reach into a namespace, and those about cluster-scoped objects, in
/// the API server's terms: verbs of postern's own become the subresources that they open.
std::vector<ResourceRule> rules_of_index(const RuleIndex& index, std::string_view namespace_);

/// Takes out of `rules` the verbs that some deny surely takes wholly.
void take_denied(std::vector<ResourceRule>& rules, const RuleIndex& deny,
                 std::string_view namespace_);

}  // namespace postern::rbac
