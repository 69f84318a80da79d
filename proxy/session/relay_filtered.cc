#include "proxy/session/relay_filtered.h"

#include "proxy/session/relay_list.h"
#include "proxy/session/relay_object.h"
#include "proxy/session/relay_watch.h"

namespace postern::proxy {

Task<Result<void>> relay_filtered(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request) {
  if (request.is_watch()) {
    return relay_watch(state, client, request);
  }
  if (request.info.is_collection()) {
    return relay_list(state, client, request);
  }
  return relay_object(state, client, request);
}

}  // namespace postern::proxy
