#include "proxy/upstream/resolve.h"

#include "proxy/net/worker.h"

#include <boost/asio/ip/basic_resolver.hpp>
#include <memory>

// Tested by tests/proxy/upstream/connect_test.cc
namespace postern::proxy {
namespace {

using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

/// Shared with the lookup's completion, which may come long after nobody waits for it any more.
struct Lookup {
  explicit Lookup(Executor executor) : resolver(executor), wake(executor) {}
  Resolver resolver;
  Timer wake;
  bool done = false;
  error_code error;
  std::vector<asio::ip::tcp::endpoint> addresses;
};

std::shared_ptr<Lookup> start_lookup(Worker& worker, const std::string& host, std::uint16_t port) {
  auto lookup = std::make_shared<Lookup>(worker.executor());
  lookup->resolver.async_resolve(
      host, std::to_string(port), Resolver::numeric_service,
      [lookup](const error_code& error, const Resolver::results_type& results) {
        lookup->done = true;
        lookup->error = error;
        for (const auto& entry : results) lookup->addresses.push_back(entry.endpoint());
        lookup->wake.cancel();
      });
  return lookup;
}

}  // namespace

Task<Result<std::vector<asio::ip::tcp::endpoint>>> resolve(Worker& worker, std::string host,
                                                           std::uint16_t port,
                                                           Clock::time_point until) {
  error_code not_literal;
  const auto address = asio::ip::make_address(host, not_literal);
  if (!not_literal) {
    std::vector<asio::ip::tcp::endpoint> literal;
    literal.emplace_back(address, port);
    co_return literal;
  }
  const std::shared_ptr<Lookup> lookup = start_lookup(worker, host, port);
  if (!lookup->done) {
    lookup->wake.expires_at(until);
    auto [waited] = co_await lookup->wake.async_wait(kAwait);
    static_cast<void>(waited);
  }
  if (!lookup->done) {
    lookup->resolver.cancel();
    co_return fail(
        kube::Status::gateway_timeout("looking up the API server's address took too long"));
  }
  if (lookup->error || lookup->addresses.empty()) {
    co_return fail(kube::Status::bad_gateway("the API server's address cannot be looked up: " +
                                             lookup->error.message()));
  }
  co_return std::move(lookup->addresses);
}

}  // namespace postern::proxy
