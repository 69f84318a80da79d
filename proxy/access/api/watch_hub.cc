#include "proxy/access/api/watch_hub.h"

#include "proxy/access/api/reading.h"

#include <array>
#include <utility>

namespace postern::proxy::access::api {
namespace {

kube::Status expired(std::string_view why) {
  return kube::Status::gone(std::string(why));
}

}  // namespace

WatchHub::WatchHub(AccessState& state)
    : state_(state), observation_(state.observe([this](const StateChange& c) { pass_on(c); })) {}

Result<WatchStart> WatchHub::open(const Caller& caller, const KindInfo& kind,
                                  const WatchOptions& options) {
  Watch watch{{}, &kind, Viewer(state_, caller), options.selection};
  if (auto allowed = watch.viewer.may_read(kind, "watch", ""); !allowed) {
    return fail(std::move(allowed.error()));
  }
  WatchStart start;
  start.queue = std::make_shared<WatchQueue>();
  start.version = state_.version(change_kind(kind));
  watch.queue = start.queue;
  if (options.version) {
    catch_up(watch, *options.version, *start.queue);
  } else if (options.initial_events) {
    start.initial = initial_objects(state_, watch.viewer, kind, options.selection);
  }
  start.queue->advance(start.version);
  watches_.push_back(std::move(watch));
  return start;
}

void WatchHub::catch_up(Watch& watch, Version from, WatchQueue& queue) {
  auto changes = state_.changes_since(change_kind(*watch.kind), from);
  if (!changes) {
    return queue.end(expired("too old resource version: " + std::to_string(from) + " (" +
                             std::to_string(state_.version(change_kind(*watch.kind))) + ")"));
  }
  for (const StateChange& change : *changes) {
    const SeenChange look = seen(change, watch.viewer, watch.selection);
    if (!look.type.empty()) {
      queue.push({look.type, object_of(change, look.is_now), change.version});
    }
  }
}

void WatchHub::pass_on(const StateChange& change) {
  std::array<ObjectPtr, 2> objects;  // before and now, made for the first who sees them
  for (auto watch = watches_.begin(); watch != watches_.end();) {
    const auto queue = watch->queue.lock();
    if (!queue) {
      watch = watches_.erase(watch);
      continue;
    }
    const StateChange::Kind watched = change_kind(*watch->kind);
    const bool wanted = watched == change.kind;
    const SeenChange look = wanted ? seen(change, watch->viewer, watch->selection) : SeenChange{};
    if (look.type.empty()) {
      queue->advance(wanted ? change.version : state_.version(watched));
    } else {
      ObjectPtr& object = objects.at(look.is_now ? 1 : 0);
      if (!object) object = object_of(change, look.is_now);
      queue->push({look.type, object, change.version});
    }
    ++watch;
  }
}

}  // namespace postern::proxy::access::api
