#include "listener_fixture.h"

#include <doctest/doctest.h>

// Whom a listener serves: limits, handshakes that do not come, certificate swap.
using namespace postern::proxy;
using namespace postern::proxy::test;
using namespace std::chrono_literals;

TEST_CASE("plain and TLS connections are served and counted while they live") {
  Worker worker(0);
  TlsServerSnapshot tls(server_context());
  for (const TlsServerSnapshot* snapshot : {static_cast<const TlsServerSnapshot*>(nullptr),
                                            static_cast<const TlsServerSnapshot*>(&tls)}) {
    ListenerOptions options;
    options.tls = snapshot;
    options.counter = std::make_shared<ConnectionCounter>(ConnectionLimits());
    const auto counter = options.counter;
    Server server(worker, std::move(options));
    std::unique_ptr<Stream> client;
    if (snapshot != nullptr) {
      client = connect_securely(worker, server);
    } else {
      client = std::make_unique<TcpStream>(server.connect());
    }
    CHECK(pings(worker, *client));
    CHECK(server.listener->live() == 1);
    CHECK(counter->total() == 1);
    client->close();
    run_until(worker, [&] { return server.listener->live() == 0; });
    CHECK(counter->total() == 0);
    CHECK(server.served == 1);
  }
}

TEST_CASE("IPv6 and IPv4 on one socket") {
  Worker worker(0);
  ListenerOptions options;
  options.endpoint = {asio::ip::address_v6::loopback(), 0};
  Server server(worker, std::move(options));
  TcpStream client(server.connect());
  CHECK(pings(worker, client));

  ListenerOptions any;
  any.endpoint = {asio::ip::address_v6::any(), 0};
  Listener dual(worker, std::move(any),
                [&](std::unique_ptr<Stream> stream) { return echo(worker, std::move(stream)); });
  REQUIRE(dual.open());
  dual.start();
  TcpSocket socket(worker.executor());
  socket.connect({asio::ip::address_v4::loopback(), dual.endpoint().port()});
  TcpStream over_v4(std::move(socket));
  CHECK(pings(worker, over_v4));
}

TEST_CASE("above the limits a connection is reset, below them again one is served") {
  for (const bool per_address : {false, true}) {
    CAPTURE(per_address);
    Worker worker(0);
    ListenerOptions options;
    options.counter = std::make_shared<ConnectionCounter>(per_address ? ConnectionLimits{100, 2}
                                                                      : ConnectionLimits{2, 100});
    Server server(worker, std::move(options));
    TcpStream first(server.connect()), second(server.connect());
    CHECK(pings(worker, first));
    CHECK(pings(worker, second));
    TcpStream third(server.connect());
    CHECK(end_of(worker, third).error == asio::error::connection_reset);
    CHECK(server.refusals[per_address ? Refusal::kTooManyFromAddress : Refusal::kTooMany] == 1);
    CHECK(server.served == 2);
    first.close();
    run_until(worker, [&] { return server.listener->live() == 1; });
    TcpStream fourth(server.connect());
    CHECK(pings(worker, fourth));
  }
}

TEST_CASE("handshakes that do not come are ended, and give way to new ones") {
  Worker worker(0);
  TlsServerSnapshot tls(server_context());
  ListenerOptions options;
  options.tls = &tls;
  options.max_handshakes = 2;
  SUBCASE("by time") {
    options.handshake_timeout = 60ms;
    Server server(worker, std::move(options));
    TcpStream silent(server.connect());
    CHECK(end_of(worker, silent).status == Stream::ReadStatus::kEnd);
    run_until(worker, [&] { return server.handshake_failures == 1; });
    CHECK(server.last_failure.error == asio::error::timed_out);
    CHECK(server.served == 0);
  }
  SUBCASE("by number: the oldest first") {
    Server server(worker, std::move(options));
    TcpStream oldest(server.connect()), second(server.connect());
    run_until(worker, [&] { return server.listener->live() == 2; });
    TcpStream third(server.connect()), fourth(server.connect());
    CHECK(end_of(worker, oldest).status == Stream::ReadStatus::kEnd);
    CHECK(end_of(worker, second).status == Stream::ReadStatus::kEnd);
    CHECK(server.refusals[Refusal::kTooManyHandshakes] == 2);
    auto good = connect_securely(worker, server);
    CHECK(pings(worker, *good));
    CHECK(server.refusals[Refusal::kTooManyHandshakes] == 3);
  }
}

TEST_CASE("a plain HTTP request on the TLS port is told so") {
  Worker worker(0);
  TlsServerSnapshot tls(server_context());
  ListenerOptions options;
  options.tls = &tls;
  Server server(worker, std::move(options));
  TcpStream client(server.connect());
  REQUIRE(client.try_write("GET /api HTTP/1.1\r\nHost: x\r\n\r\n") > 0);
  std::string answer;
  const auto receive = [](Worker& w, Stream& stream, std::string& into) -> Task<void> {
    Stream::ReadOutcome outcome;
    into = co_await read_all(w, stream, outcome);
  };
  Run run(worker);
  run.add(receive(worker, client, answer));
  REQUIRE(run());
  CHECK(answer.find("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request") == 0);
  CHECK(server.last_failure.is_plain_http);
  CHECK(server.served == 0);
}

TEST_CASE("without descriptors accepting rests, and goes on when there are some") {
  Worker worker(0);
  Server server(worker, {});
  TcpStream client(server.connect());  // the kernel has accepted it, we have not
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  const int lowest_free = ::dup(0);
  REQUIRE(lowest_free >= 0);
  ::close(lowest_free);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(lowest_free);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  run_until(worker, [&] { return server.refusals[Refusal::kNoResources] >= 2; });
  CHECK(server.served == 0);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  CHECK(pings(worker, client));
}

TEST_CASE("a new certificate is for new connections; the old ones live on") {
  Worker worker(0);
  TlsServerSnapshot tls(server_context());
  ListenerOptions options;
  options.tls = &tls;
  Server server(worker, std::move(options));
  auto before = connect_securely(worker, server);
  auto [certificate, key] = another_server();
  auto reloaded = TlsServerContext::make({certificate, key, true, nullptr});
  REQUIRE(reloaded);
  tls.publish(*reloaded);
  auto after = connect_securely(worker, server);
  CHECK(fingerprint(before->tls()) != fingerprint(after->tls()));
  CHECK(pings(worker, *before));
  CHECK(pings(worker, *after));
}

TEST_CASE("an exception of a handler is told, and the listener lives on") {
  Worker worker(0);
  Server server(worker, {});
  server.handler = [](std::unique_ptr<Stream>) -> Task<void> {
    throw std::runtime_error("a bug");
    co_return;
  };
  TcpStream unlucky(server.connect());
  run_until(worker, [&] { return !server.bug.empty(); });
  CHECK(server.bug == "a bug");
  CHECK(server.listener->live() == 0);
  server.handler = nullptr;
  TcpStream lucky(server.connect());
  CHECK(pings(worker, lucky));
}

TEST_CASE("an address that is taken is an error that names it; workers share theirs") {
  Worker worker(0);
  Server server(worker, {});
  ListenerOptions same;
  same.endpoint = server.listener->endpoint();
  const auto nobody = [](std::unique_ptr<Stream>) -> Task<void> { co_return; };
  Listener rival(worker, same, nobody);
  const auto refused = rival.open();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().find("cannot listen on 127.0.0.1:") == 0);
  Listener sibling(worker, {}, nobody);
  CHECK(sibling.open_beside(*server.listener));
  CHECK(sibling.endpoint() == server.listener->endpoint());
}

TEST_CASE("two workers on two threads share one address") {
  Worker workers[2] = {Worker(0), Worker(1)};
  TlsServerSnapshot tls(server_context());
  const auto counter = std::make_shared<ConnectionCounter>(ConnectionLimits());
  std::atomic<int> served{0};
  std::vector<std::unique_ptr<Listener>> listeners;
  for (Worker& worker : workers) {
    ListenerOptions options;
    options.endpoint = {asio::ip::address_v4::loopback(), 0};
    options.tls = &tls;
    options.counter = counter;
    listeners.push_back(
        std::make_unique<Listener>(worker, std::move(options), [&](std::unique_ptr<Stream> stream) {
          ++served;
          return echo(worker, std::move(stream));
        }));
  }
  REQUIRE(listeners[0]->open());
  REQUIRE(listeners[1]->open_beside(*listeners[0]));
  for (auto& listener : listeners) listener->start();
  std::vector<std::thread> threads;
  for (Worker& worker : workers) threads.emplace_back([&worker] { worker.run(); });

  Worker client(2);
  for (int i = 0; i < 20; ++i) {
    TcpSocket socket(client.executor());
    socket.connect(listeners[0]->endpoint());
    std::unique_ptr<TlsStream> stream;
    Run run(client);
    run.add(secure(client, std::move(socket), stream));
    REQUIRE(run());
    if (i == 10) tls.publish(server_context());
    CHECK(pings(client, *stream));
  }
  CHECK(served == 20);
  for (Worker& worker : workers) worker.stop();
  for (std::thread& thread : threads) thread.join();
  listeners.clear();
}
