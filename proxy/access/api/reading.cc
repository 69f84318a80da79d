#include "proxy/access/api/reading.h"

#include "proxy/access/api/api_errors.h"

#include <stdexcept>
#include <type_traits>
#include <utility>

namespace postern::proxy::access::api {
namespace {

/// Calls `use` with the map of the kind's objects.
template <typename Use>
auto with_objects(const AccessState& state, const KindInfo& kind, Use use) {
  switch (change_kind(kind)) {
    case StateChange::Kind::kRequest:
      return use(state.requests());
    case StateChange::Kind::kRole:
      return use(state.roles());
    case StateChange::Kind::kUser:
      return use(state.users());
    case StateChange::Kind::kCluster:
      return use(state.clusters());
    case StateChange::Kind::kSession:
      break;
  }
  return use(state.sessions());
}

const auto& object_at(const RequestPtr& entry) {
  return entry;
}
template <typename Object>
const auto& object_at(const std::pair<const std::string, Object>& entry) {
  return entry.second;
}

/// Calls `use` with all requests among which are those that this list shows, the fewest that are at
/// hand: what is over is kept for long, and only who may see all of it should look at all of it.
template <typename Use>
auto with_requests(const AccessState& state, const Viewer& viewer, const Selection& selection,
                   Use use) {
  const RequestIndex& index = state.request_index();
  if (const auto user = selection.wanted("spec.user")) return use(index.involving(*user));
  if (!viewer.sees_others_requests()) return use(index.involving(viewer.person().name));
  const bool waiting = selection.reviewable() || selection.wanted("status.state") == "PENDING";
  return waiting ? use(index.pending()) : use(state.requests());
}

/// with_objects(), or fewer of them.
template <typename Use>
auto with_candidates(const AccessState& state, const Viewer& viewer, const KindInfo& kind,
                     const Selection& selection, Use use) {
  return change_kind(kind) == StateChange::Kind::kRequest
             ? with_requests(state, viewer, selection, use)
             : with_objects(state, kind, use);
}

/// Calls `use` with the step of the change's kind.
template <typename Use>
auto with_step(const StateChange& change, Use use) {
  switch (change.kind) {
    case StateChange::Kind::kRequest:
      return use(change.request);
    case StateChange::Kind::kRole:
      return use(change.role);
    case StateChange::Kind::kUser:
      return use(change.user);
    case StateChange::Kind::kCluster:
      return use(change.cluster);
    case StateChange::Kind::kSession:
      break;
  }
  return use(change.session);
}

kube::Status version_ahead(Version asked, Version current) {
  kube::Status status =
      kube::Status::gateway_timeout("Too large resource version: " + std::to_string(asked) +
                                    ", current: " + std::to_string(current));
  status.causes.push_back({"ResourceVersionTooLarge", "Too large resource version", std::string()});
  status.retry_after_seconds = 1;
  return status;
}

/// Whether the version that a list has to be of, or after, can be had.
Result<Version> version_of_list(const AccessState& state, const KindInfo& kind,
                                const ListOptions& options) {
  const Version current = state.version(change_kind(kind));
  if (options.from) {
    const Version first = options.from->version;
    if (first > current) return fail(version_ahead(first, current));
    // From there the client will watch.
    if (auto known = state.changes_since(change_kind(kind), first); !known) {
      return fail(kube::Status::gone(
          "The provided continue parameter is too old to display a consistent list result. You "
          "must start a new list without the continue parameter."));
    }
    return first;
  }
  if (options.version && *options.version > current) {
    return fail(version_ahead(*options.version, current));
  }
  if (options.match == VersionMatch::kExact && options.version != current) {
    return fail(kube::Status::gone("The resourceVersion for the provided list is too old."));
  }
  return current;
}

template <typename Object>
bool is_reviewable(const Viewer& viewer, const Object& object) {
  if constexpr (std::is_same_v<Object, RequestObject>) {
    return viewer.reviews(object);
  }
  return false;
}

template <typename Objects>
ObjectList page_of(const Objects& objects, const Viewer& viewer, const KindInfo& kind,
                   const ListOptions& options, Version version) {
  ObjectList list{&kind, {}, version, {}};
  auto at = options.from ? objects.upper_bound(options.from->after) : objects.begin();
  for (; at != objects.end(); ++at) {
    const auto& object = object_at(*at);
    if (!options.selection.matches(*object) || !viewer.sees(*object)) continue;
    if (options.selection.reviewable() && !is_reviewable(viewer, *object)) continue;
    if (options.limit > 0 && list.items.size() == options.limit) {
      list.continue_token = ContinuePoint{version, list.items.back()->meta().name}.token();
      break;
    }
    list.items.push_back(make_object(object));
  }
  return list;
}

}  // namespace

StateChange::Kind change_kind(const KindInfo& kind) {
  if (kind.resource == "accessrequests") return StateChange::Kind::kRequest;
  if (kind.resource == "accessroles") return StateChange::Kind::kRole;
  if (kind.resource == "accessusers") return StateChange::Kind::kUser;
  if (kind.resource == "kubeclusters") return StateChange::Kind::kCluster;
  if (kind.resource == "sessions") return StateChange::Kind::kSession;
  throw std::logic_error("nothing of this kind is kept");
}

Result<ObjectPtr> get_object(const AccessState& state, const Viewer& viewer, const KindInfo& kind,
                             std::string_view name) {
  if (auto allowed = viewer.may_read(kind, "get", name); !allowed) {
    return fail(std::move(allowed.error()));
  }
  return with_objects(state, kind, [&](const auto& objects) -> Result<ObjectPtr> {
    const auto found = objects.find(name);
    if (found == objects.end() || !viewer.sees(*found->second)) {
      return fail(no_such_object(kind, name));
    }
    return make_object(found->second);
  });
}

Result<ObjectList> list_objects(const AccessState& state, const Viewer& viewer,
                                const KindInfo& kind, const ListOptions& options) {
  if (auto allowed = viewer.may_read(kind, "list", ""); !allowed) {
    return fail(std::move(allowed.error()));
  }
  const auto version = version_of_list(state, kind, options);
  if (!version) return fail(version.error());
  return with_candidates(state, viewer, kind, options.selection,
                         [&](const auto& objects) -> Result<ObjectList> {
                           return page_of(objects, viewer, kind, options, *version);
                         });
}

std::vector<ObjectPtr> initial_objects(const AccessState& state, const Viewer& viewer,
                                       const KindInfo& kind, const Selection& selection) {
  return with_candidates(state, viewer, kind, selection, [&](const auto& objects) {
    std::vector<ObjectPtr> found;
    for (const auto& entry : objects) {
      const auto& object = object_at(entry);
      if (selection.matches(*object) && viewer.sees(*object)) found.push_back(make_object(object));
    }
    return found;
  });
}

SeenChange seen(const StateChange& change, const Viewer& viewer, const Selection& selection) {
  return with_step(change, [&](const auto& step) -> SeenChange {
    const auto shows = [&](const auto& object) {
      return object != nullptr && selection.matches(*object) && viewer.sees(*object);
    };
    const bool before = shows(step.before);
    const bool now = shows(step.now);
    if (now) return {before ? "MODIFIED" : "ADDED", true};
    // Hidden from now on: the client gets it as it could last see it.
    return {before ? std::string_view("DELETED") : std::string_view(), false};
  });
}

ObjectPtr object_of(const StateChange& change, bool now) {
  return with_step(change, [now](const auto& step) -> ObjectPtr {
    const auto& object = now ? step.now : step.before;
    return object == nullptr ? nullptr : make_object(object);
  });
}

}  // namespace postern::proxy::access::api
