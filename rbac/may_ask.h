#pragma once

#include "rbac/requirement.h"
#include "rbac/subject_rules.h"

#include <string>

namespace postern::rbac {

/// What a refusal tells its reader to do.
enum class WayOut {
  kNone,    ///< nothing that the user may ask for would give it: their administrator has to
  kSearch,  ///< they may ask for this kind at this cluster, but not for what was refused
  kAsk,     ///< a request for the ID would be taken
};

/// The way to what was refused, by the roles that the user may request resources with
/// (`search_as_roles`): whether one of them is about this kind at this cluster, and whether it
/// accepts `id` as request::choose_search_roles does; `kubernetes_resources` must not leave the
/// kind out. Never whether the object exists. The roles' own denies, and what else a request needs,
/// are for rbac::request: kAsk when in doubt.
///
/// `events`: what would be asked for is the whole namespace or cluster. `id`: of wanted_id().
WayOut way_out(const SubjectRules& rules, const Cluster& cluster, const Need& need, bool events,
               const std::string& id);

}  // namespace postern::rbac
