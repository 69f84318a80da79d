#pragma once

#include "rbac/requirement.h"
#include "rbac/subject_rules.h"

namespace postern::rbac {

/// Whether a refusal tells how to ask for what was refused: some role that the user may request
/// resources with (`search_as_roles`) is about this kind at this cluster, and
/// `kubernetes_resources` do not leave the kind out. Never whether the object exists, nor in which
/// namespace it is.
///
/// Coarse, and yes when in doubt: rbac::request decides about the request itself. `events`: what
/// would be asked for is the whole namespace or cluster. A few lookups; allocates nothing.
bool may_ask(const SubjectRules& rules, const Cluster& cluster, const Need& need, bool events);

}  // namespace postern::rbac
