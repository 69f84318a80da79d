#include "proxy/session/whole_body.h"

namespace postern::proxy {

Task<Result<std::string>> read_whole_body(WorkerState& state, ClientConnection& client,
                                          ProxiedRequest& request) {
  co_await client.admit_body();
  request.body_hold.emplace(state.shared().body_memory, request.user.name);
  co_return co_await client.read_body(*request.body_hold);
}

}  // namespace postern::proxy
