#pragma once

#include "rbac/self_review.h"

#include <string>
#include <vector>

namespace postern::rbac {

/// What both sets of rules allow: every pair's common part, where there is one. `incomplete`
/// becomes true where two patterns meet in a way that rules cannot say; that part is left out.
std::vector<ResourceRule> intersect(const std::vector<ResourceRule>& a,
                                    const std::vector<ResourceRule>& b, bool& incomplete);

/// Words that both lists have; `*` stands for every word.
std::vector<std::string> intersect_words(const std::vector<std::string>& a,
                                         const std::vector<std::string>& b);

/// Names that both lists reach, as patterns: of two the narrower, if one surely covers the other.
std::vector<std::string> intersect_patterns(const std::vector<std::string>& a,
                                            const std::vector<std::string>& b, bool& incomplete);

}  // namespace postern::rbac
