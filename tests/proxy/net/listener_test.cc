#include "proxy/net/listener.h"

#include "net_fixture.h"

#include <array>
#include <atomic>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <doctest/doctest.h>
#include <map>
#include <openssl/sha.h>
#include <optional>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>

/// A listener with real connections: limits, handshakes that do not come, certificate swap, drain.

using namespace postern::proxy;
using namespace postern::proxy::test;
using namespace std::chrono_literals;

namespace {

using Refusal = ListenerHooks::Refusal;

Task<void> sleep(Worker& worker, std::chrono::milliseconds duration) {
  Timer timer(worker.executor(), duration);
  co_await timer.async_wait(kAwait);
}

Task<void> until(Worker& worker, std::function<bool()> condition) {
  while (!condition()) co_await sleep(worker, 5ms);
}

/// Sends back what comes, until the client ends.
Task<void> echo(Worker& worker, std::unique_ptr<Stream> stream) {
  while (true) {
    const error_code error = co_await stream->wait_readable();
    if (error) co_return;
    const auto buffer = worker.buffers().take();
    const auto outcome = stream->try_read(buffer.span());
    if (outcome.status == Stream::ReadStatus::kWouldBlock) continue;
    if (outcome.status != Stream::ReadStatus::kData) co_return;
    const error_code failed = co_await stream->write({buffer.span().data(), outcome.size});
    if (failed) co_return;
  }
}

/// A listener on a free port, and what it told.
struct Server {
  Server(Worker& w, ListenerOptions options) : worker(w) {
    if (options.endpoint.port() == 0 && options.endpoint.address().is_unspecified())
      options.endpoint = {asio::ip::address_v4::loopback(), 0};
    options.hooks.on_refusal = [this](Refusal why) { ++refusals[why]; };
    options.hooks.on_handshake_failure = [this](const auto&, const TlsFailure& failure) {
      ++handshake_failures;
      last_failure = failure;
    };
    options.hooks.on_bug = [this](const std::string& text) { bug = text; };
    listener.emplace(w, std::move(options), [this](std::unique_ptr<Stream> stream) {
      ++served;
      return handler ? handler(std::move(stream)) : echo(worker, std::move(stream));
    });
    REQUIRE(listener->open());
    listener->start();
  }
  TcpSocket connect() const {
    TcpSocket socket(worker.executor());
    socket.connect(listener->endpoint());
    return socket;
  }

  Worker& worker;
  std::map<Refusal, int> refusals;
  int handshake_failures = 0;
  int served = 0;
  TlsFailure last_failure;
  std::string bug;
  Listener::Handler handler;
  std::optional<Listener> listener;
};

Task<void> ping(Worker& worker, Stream& stream, bool& answered) {
  const error_code error = co_await stream.write("ping");
  CHECK_FALSE(error);
  Stream::ReadOutcome outcome;
  answered = co_await read_all(worker, stream, outcome, 4) == "ping";
}

bool pings(Worker& worker, Stream& stream) {
  bool answered = false;
  Run run(worker);
  run.add(ping(worker, stream, answered));
  REQUIRE(run());
  return answered;
}

std::string fingerprint(SSL* ssl) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  unsigned size = 0;
  X509_digest(SSL_get0_peer_certificate(ssl), EVP_sha256(), digest, &size);
  return {reinterpret_cast<const char*>(digest), size};
}

Task<void> secure(Worker& worker, TcpSocket socket, std::unique_ptr<TlsStream>& into) {
  auto made = co_await connect_tls(std::move(socket), client_context(), worker.deadlines(), 10s);
  CHECK(made);
  if (made) into = std::move(*made);
}

std::unique_ptr<TlsStream> connect_securely(Worker& worker, const Server& server) {
  std::unique_ptr<TlsStream> stream;
  Run run(worker);
  run.add(secure(worker, server.connect(), stream));
  REQUIRE(run());
  REQUIRE(stream);
  return stream;
}

Task<void> expect_end(Stream& stream, Stream::ReadOutcome& outcome) {
  char byte = 0;
  do {
    co_await stream.wait_readable();
    outcome = stream.try_read({&byte, 1});
  } while (outcome.status == Stream::ReadStatus::kWouldBlock);
}

Stream::ReadOutcome end_of(Worker& worker, Stream& stream) {
  Stream::ReadOutcome outcome;
  Run run(worker);
  run.add(expect_end(stream, outcome));
  REQUIRE(run());
  return outcome;
}

enum class Served { kYes, kRefused, kReset };

/// One connection, one question, one answer; blocking, for a thread of its own.
Served ping_once(const asio::ip::tcp::endpoint& endpoint) {
  asio::io_context context;
  asio::ip::tcp::socket socket(context);
  error_code error;
  socket.connect(endpoint, error);
  if (error) return Served::kRefused;
  asio::write(socket, asio::buffer("ping", 4), error);
  std::array<char, 4> answer{};
  if (!error) asio::read(socket, asio::buffer(answer), error);
  return error ? Served::kReset : Served::kYes;
}

void run_until(Worker& worker, std::function<bool()> condition) {
  Run run(worker);
  run.add(until(worker, std::move(condition)));
  REQUIRE(run());
}

Task<void> wait_idle(Listener& listener, std::chrono::milliseconds limit, bool& idle) {
  idle = co_await listener.wait_until_idle(limit);
}

}  // namespace

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

TEST_CASE("counting: IPv6 by /64, mapped IPv4 as IPv4, and nothing is left behind") {
  using Verdict = ConnectionCounter::Verdict;
  const auto counter = std::make_shared<ConnectionCounter>(ConnectionLimits{3, 1});
  const auto address = [](const char* text) { return asio::ip::make_address(text); };
  {
    ConnectionCounter::Place a, b, c, d;
    CHECK(counter->admit(address("2001:db8:1:2::1"), a) == Verdict::kAdmitted);
    CHECK(counter->admit(address("2001:db8:1:2:ffff::9"), b) == Verdict::kTooManyFromAddress);
    CHECK(counter->admit(address("2001:db8:1:3::1"), b) == Verdict::kAdmitted);
    CHECK(counter->admit(address("192.0.2.1"), c) == Verdict::kAdmitted);
    CHECK(counter->admit(address("192.0.2.2"), d) == Verdict::kTooMany);
    CHECK(counter->total() == 3);
    const ConnectionCounter::Place moved = std::move(a);
    CHECK(counter->total() == 3);
  }
  CHECK(counter->total() == 0);
  ConnectionCounter::Place v4, mapped;
  CHECK(counter->admit(address("192.0.2.1"), v4) == Verdict::kAdmitted);
  CHECK(counter->admit(address("::ffff:192.0.2.1"), mapped) == Verdict::kTooManyFromAddress);
}

TEST_CASE("counting from several threads") {
  const auto counter = std::make_shared<ConnectionCounter>(ConnectionLimits{64, 8});
  std::atomic<int> admitted{0};
  const auto churn = [&](unsigned seed) {
    for (unsigned i = 0; i < 5000; ++i) {
      ConnectionCounter::Place place;
      const asio::ip::address_v4 address((seed * 31 + i) % 20);
      if (counter->admit(address, place) == ConnectionCounter::Verdict::kAdmitted) ++admitted;
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(churn, i);
  for (std::thread& thread : threads) thread.join();
  CHECK(admitted > 0);
  CHECK(counter->total() == 0);
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

TEST_CASE("drain: no new connections, old ones to their end, then the rest is closed") {
  Worker worker(0);
  Server server(worker, {});
  TcpStream leaves(server.connect()), stays(server.connect());
  CHECK(pings(worker, leaves));
  CHECK(pings(worker, stays));
  TcpStream queued(server.connect());  // in the kernel's queue, not accepted yet
  Run stop(worker);
  stop.add(server.listener->stop_accepting());
  stop.add(server.listener->stop_accepting());
  REQUIRE(stop());
  CHECK(pings(worker, queued));
  TcpSocket late(worker.executor());
  error_code error;
  late.connect(server.listener->endpoint(), error);
  CHECK(error == asio::error::connection_refused);

  leaves.close();
  queued.close();
  bool idle = true;
  Run run(worker);
  run.add(wait_idle(*server.listener, 150ms, idle));
  REQUIRE(run());
  CHECK_FALSE(idle);
  CHECK(server.listener->live() == 1);
  server.listener->close_all();
  Run again(worker);
  again.add(wait_idle(*server.listener, 10s, idle));
  REQUIRE(again());
  CHECK(idle);
  CHECK(end_of(worker, stays).status == Stream::ReadStatus::kEnd);
}

TEST_CASE("whoever connects while accepting ends is served or refused, never reset") {
  Worker worker(0);
  Server server(worker, {});
  std::atomic<bool> over{false};
  std::atomic<int> pinged{0}, refused{0}, reset{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&, endpoint = server.listener->endpoint()] {
      while (!over) {
        switch (ping_once(endpoint)) {
          case Served::kYes:
            ++pinged;
            break;
          case Served::kRefused:
            ++refused;
            break;
          case Served::kReset:
            ++reset;
        }
      }
    });
  }
  run_until(worker, [&] { return pinged > 100; });
  Run stop(worker);
  stop.add(server.listener->stop_accepting());
  REQUIRE(stop());
  run_until(worker, [&] { return refused > 0; });
  over = true;
  run_until(worker, [&] { return server.listener->live() == 0; });
  for (std::thread& client : clients) client.join();
  CHECK(reset == 0);
  CHECK(refused > 0);
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
