#pragma once

#include "proxy/access/api/watch_hub.h"
#include "proxy/access/state/access_service.h"
#include "proxy/access/state/session_seeker.h"

namespace postern::proxy::access::api {

/// What the sessions need to serve the access API; made at start, and outlives them.
struct AccessApi {
  AccessService& service;
  AccessState& state;  ///< for its any-thread methods only
  WatchHub& watches;   ///< on the access thread only
  /// Sessions that other replicas make; nullptr: there are no others.
  SessionSeeker* seeker = nullptr;
};

}  // namespace postern::proxy::access::api
