#pragma once

#include "net_fixture.h"

#include <memory>
#include <string_view>
#include <utility>

namespace postern::proxy::test {

/// Two connected ends.
struct StreamPair {
  std::unique_ptr<Stream> client, server;
};

inline StreamPair connect_plain(Worker& worker) {
  auto sockets = connected_sockets(worker);
  return {std::make_unique<TcpStream>(std::move(sockets.first)),
          std::make_unique<TcpStream>(std::move(sockets.second))};
}

inline StreamPair connect_over_tls(Worker& worker) {
  auto pair = connected_tls(worker, client_context(), server_context());
  return {std::move(pair.client), std::move(pair.server)};
}

/// The kinds of streams, which behave alike.
using Connect = StreamPair (*)(Worker&);
inline constexpr std::pair<const char*, Connect> kKinds[] = {{"TCP", connect_plain},
                                                             {"TLS", connect_over_tls}};

inline Task<void> send_and_end(Stream& stream, std::string_view data, error_code& error) {
  error = co_await stream.write(data);
  co_await stream.shutdown_send();
}

}  // namespace postern::proxy::test
