#include "proxy/upstream/connect.h"

#include "proxy/net/tls_stream.h"
#include "proxy/net/worker.h"
#include "proxy/observe/cluster_metrics.h"
#include "proxy/upstream/resolve.h"

#include <algorithm>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

// Tested by tests/proxy/upstream/connect_test.cc
namespace postern::proxy {
namespace {

using std::chrono::milliseconds;

/// An API server that vanishes without a word ends its watches after a minute.
constexpr int kKeepAliveIdle = 30;
constexpr int kKeepAliveInterval = 10;
constexpr int kKeepAliveProbes = 3;

milliseconds left_until(Clock::time_point until) {
  return std::max(std::chrono::duration_cast<milliseconds>(until - Clock::now()), milliseconds(1));
}

void set_options(TcpSocket& socket) {
  const int fd = socket.native_handle();
  const auto set = [fd](int level, int name, int value) {
    setsockopt(fd, level, name, &value, sizeof value);  // best effort: it works without, too
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  set(IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  set(IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

Task<error_code> connect_tcp(Worker& worker, TcpSocket& socket, asio::ip::tcp::endpoint address,
                             milliseconds limit) {
  Deadline deadline(worker.deadlines(), [&socket] {
    error_code ignored;
    socket.close(ignored);
  });
  deadline.expires_after(limit);
  auto [error] = co_await socket.async_connect(address, kAwait);
  if (deadline.expired()) co_return error_code(asio::error::timed_out);
  co_return error;
}

/// Why no connection came about: for the operator (`detail`), the metrics and the client.
struct Failure {
  ConnectFailure kind = ConnectFailure::kConnect;
  bool timed_out = false;
  std::string detail;
};

Failure tcp_failure(const error_code& error, const asio::ip::tcp::endpoint& address) {
  const bool timed_out = error == asio::error::timed_out;
  return {timed_out ? ConnectFailure::kTimeout : ConnectFailure::kConnect, timed_out,
          address.address().to_string() + ": " + error.message()};
}

Failure tls_failure(const TlsFailure& failure) {
  const bool timed_out = failure.error == asio::error::timed_out;
  return {timed_out ? ConnectFailure::kTimeout : ConnectFailure::kTls, timed_out,
          "TLS: " + (failure.detail.empty() ? failure.error.message() : failure.detail)};
}

kube::Status answer_for(const Failure& failure) {
  if (failure.timed_out) {
    return kube::Status::gateway_timeout("connecting to the cluster took too long");
  }
  return failure.kind == ConnectFailure::kTls
             ? kube::Status::bad_gateway("the cluster's API server could not be verified")
             : kube::Status::bad_gateway("the cluster's API server cannot be reached");
}

kube::Status report(const Failure& failure, const ClusterEndpoint& endpoint,
                    Clock::time_point began, const UpstreamHooks& hooks) {
  if (failure.timed_out) endpoint.health().timed_out(began);
  if (hooks.metrics != nullptr) hooks.metrics->connect_failed(failure.kind);
  if (hooks.log) {
    hooks.log(LogLevel::kWarn,
              "no connection to " + endpoint.host_header() + ": " + failure.detail);
  }
  return answer_for(failure);
}

/// A socket that has waited for its connection is watched for writability as well from then on, so
/// that every wait for something to read would first end because something could be written. So it
/// is registered anew.
TcpSocket watched_anew(TcpSocket socket, const asio::ip::tcp& protocol) {
  error_code error;
  const int fd = socket.release(error);
  TcpSocket fresh(socket.get_executor());
  if (!error) fresh.assign(protocol, fd, error);
  if (error && fd >= 0) ::close(fd);
  return fresh;  // closed after an error: its first operation says so
}

using Connected = tl::expected<TcpSocket, Failure>;

Task<Connected> connect_any(Worker& worker, std::vector<asio::ip::tcp::endpoint> addresses,
                            Clock::time_point until) {
  Failure last;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    TcpSocket socket(worker.executor());
    const auto share = left_until(until) / static_cast<long>(addresses.size() - i);
    const error_code error = co_await connect_tcp(worker, socket, addresses[i], share);
    if (!error) co_return Connected(watched_anew(std::move(socket), addresses[i].protocol()));
    last = tcp_failure(error, addresses[i]);
  }
  co_return tl::unexpected(std::move(last));
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> open_connection(
    Worker& worker, const ClusterEndpoint& endpoint,
    std::shared_ptr<const ClusterEndpoint::Access> access, std::chrono::milliseconds limit,
    const UpstreamHooks& hooks) {
  const auto began = Clock::now();
  const auto until = began + limit;
  auto addresses = co_await resolve(worker, endpoint.host(), endpoint.port(), until);
  if (!addresses) {
    const bool timed_out = addresses.error().code == 504;
    co_return fail(report({timed_out ? ConnectFailure::kTimeout : ConnectFailure::kResolve,
                           timed_out, addresses.error().message},
                          endpoint, began, hooks));
  }
  auto socket = co_await connect_any(worker, std::move(*addresses), until);
  if (!socket) co_return fail(report(socket.error(), endpoint, began, hooks));
  set_options(*socket);
  auto stream =
      co_await connect_tls(std::move(*socket), access->tls, worker.deadlines(), left_until(until));
  if (!stream) co_return fail(report(tls_failure(stream.error()), endpoint, began, hooks));
  co_return std::unique_ptr<Stream>(std::move(*stream));
}

}  // namespace postern::proxy
