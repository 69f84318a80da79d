#pragma once

#include "kube/result.h"
#include "proxy/access/api/options.h"
#include "proxy/access/api/presentation.h"
#include "proxy/access/api/viewer.h"
#include "proxy/access/state/access_state.h"

#include <string>
#include <string_view>
#include <vector>

/// The verbs that change nothing, over every kind alike. On the access thread; what they find is
/// written out elsewhere. Who may not see an object gets what they would get if it did not exist.
namespace postern::proxy::access::api {

Result<ObjectPtr> get_object(const AccessState& state, const Viewer& viewer, const KindInfo& kind,
                             std::string_view name);

/// A page. Pages are not of one moment: every page carries the version of the first one, so that a
/// watch from there brings what has changed meanwhile; 410 when that is too long ago for it.
Result<ObjectList> list_objects(const AccessState& state, const Viewer& viewer,
                                const KindInfo& kind, const ListOptions& options);

/// What a watch begins with: everything that is there, in the order of names.
std::vector<ObjectPtr> initial_objects(const AccessState& state, const Viewer& viewer,
                                       const KindInfo& kind, const Selection& selection);

/// How a change looks to one viewer through a selection: what comes into view is ADDED and what
/// leaves it DELETED, whatever happened to the object itself. `type` is empty for what is seen by
/// nobody.
struct SeenChange {
  std::string_view type;
  bool is_now = true;  ///< the object as it is now; else as it was
};
SeenChange seen(const StateChange& change, const Viewer& viewer, const Selection& selection);

/// The object of a change, before or after it; nullptr where there is none.
ObjectPtr object_of(const StateChange& change, bool now);
/// The changes of which kind a watch of this kind wants.
StateChange::Kind change_kind(const KindInfo& kind);

}  // namespace postern::proxy::access::api
