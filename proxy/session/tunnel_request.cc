#include "proxy/session/tunnel_request.h"

#include "proxy/net/tunnel.h"
#include "proxy/session/answer.h"
#include "proxy/session/long_running.h"
#include "proxy/session/relay.h"
#include "proxy/upstream/response_builder.h"

#include <utility>

namespace postern::proxy {
namespace {

Task<Result<void>> run_tunnel(Tunnel& tunnel, std::string from_client, std::string from_upstream) {
  const Tunnel::Result result =
      co_await tunnel.run(std::move(from_client), std::move(from_upstream));
  static_cast<void>(result);  // however a tunnel ends, there is nothing left to answer
  co_return Result<void>();
}

}  // namespace

Task<Result<void>> tunnel_request(WorkerState& state, ClientConnection& client,
                                  ProxiedRequest& request) {
  request.head.keep_alive = false;
  auto answer = co_await forward(state, client, request);
  if (!answer) {
    co_return fail(std::move(answer.error()));
  }
  if (answer->head.status != 101) {
    co_return co_await relay_plain(state, client, request, *answer);
  }
  if (auto verified = verify_switch(*request.upgrade, answer->head); !verified) {
    co_return fail(std::move(verified.error()));
  }
  request.code = 101;
  request.answer_started = true;
  const error_code error = co_await client.write(build_switch_head(*request.upgrade, answer->head));
  if (error) {
    co_return fail(client_is_gone());
  }
  Tunnel tunnel(state.worker(), client.stream(), answer->lease.stream());
  LongRunningExchange exchange(state, client, request, [&tunnel](StreamEnd) { tunnel.stop(); });
  const Result<void> outcome = co_await exchange.run_unwatched(
      run_tunnel(tunnel, client.take_pending(), std::move(answer->lease.pending())));
  request.audit.bytes_to_upstream = tunnel.bytes_to_upstream();
  request.audit.bytes_to_client = tunnel.bytes_to_downstream();
  Metrics& metrics = state.shared().metrics;
  const LongRunning kind = long_running_label(request);
  metrics.stream_bytes(kind, StreamDirection::kToUpstream, tunnel.bytes_to_upstream());
  metrics.stream_bytes(kind, StreamDirection::kToClient, tunnel.bytes_to_downstream());
  client.stream().close();
  co_return outcome;
}

}  // namespace postern::proxy
