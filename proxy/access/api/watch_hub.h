#pragma once

#include "proxy/access/api/options.h"
#include "proxy/access/api/viewer.h"
#include "proxy/access/api/watch_queue.h"
#include "proxy/access/state/access_state.h"

#include <list>
#include <memory>
#include <vector>

namespace postern::proxy::access::api {

/// What a watch begins with.
struct WatchStart {
  std::shared_ptr<WatchQueue> queue;
  std::vector<ObjectPtr> initial;  ///< as ADDED events, before anything of the queue
  Version version = 0;             ///< of them
};

/// The watches of the access API. Lives on the access thread, where each change of the state comes
/// by once and is handed to those who see it. What somebody sees is settled when the watch begins:
/// whoever serves it ends it when static roles change (same_view()), as filtered watches of
/// clusters end.
class WatchHub {
 public:
  /// `state` must outlive the hub. One per state; on the access thread or before it runs.
  explicit WatchHub(AccessState& state);

  /// 403 as a list; a version that is too old, or not reached, gives a queue that ends with 410.
  /// The watch ends when nobody else holds its queue.
  Result<WatchStart> open(const Caller& caller, const KindInfo& kind, const WatchOptions& options);

  std::size_t size() const { return watches_.size(); }

 private:
  struct Watch {
    std::weak_ptr<WatchQueue> queue;
    const KindInfo* kind;
    Viewer viewer;
    Selection selection;
  };

  void pass_on(const StateChange& change);
  void catch_up(Watch& watch, Version from, WatchQueue& queue);

  AccessState& state_;
  std::list<Watch> watches_;
  std::shared_ptr<void> observation_;
};

}  // namespace postern::proxy::access::api
