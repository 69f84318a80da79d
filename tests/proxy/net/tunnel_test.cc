#include "proxy/net/tunnel.h"

#include "net_fixture.h"

#include <boost/asio/error.hpp>
#include <doctest/doctest.h>
#include <optional>

/// A tunnel between two loopback connections: the test is both the client and the API server.

using namespace postern::proxy;
using namespace postern::proxy::test;
using namespace std::chrono_literals;

namespace {

/// client <-> downstream | tunnel | upstream <-> server
struct Ends {
  std::unique_ptr<Stream> client, downstream, upstream, server;
};

Ends plain_ends(Worker& worker) {
  auto down = connected_sockets(worker);
  auto up = connected_sockets(worker);
  return {std::make_unique<TcpStream>(std::move(down.first)),
          std::make_unique<TcpStream>(std::move(down.second)),
          std::make_unique<TcpStream>(std::move(up.first)),
          std::make_unique<TcpStream>(std::move(up.second))};
}

Ends tls_ends(Worker& worker) {
  auto down = connected_tls(worker, client_context(), server_context());
  auto up = connected_tls(worker, client_context(), server_context());
  return {std::move(down.client), std::move(down.server), std::move(up.client),
          std::move(up.server)};
}

using MakeEnds = Ends (*)(Worker&);
constexpr std::pair<const char*, MakeEnds> kKinds[] = {{"TCP", plain_ends}, {"TLS", tls_ends}};

Task<void> run_tunnel(Tunnel& tunnel, std::string from_downstream, std::string from_upstream,
                      std::optional<Tunnel::Result>& result) {
  result = co_await tunnel.run(std::move(from_downstream), std::move(from_upstream));
}

Task<void> send(Stream& stream, std::string_view data) {
  const error_code error = co_await stream.write(data);
  CHECK_FALSE(error);
}

Task<void> send_and_end(Stream& stream, std::string_view data) {
  co_await send(stream, data);
  co_await stream.shutdown_send();
}

Task<void> receive(Worker& worker, Stream& stream, std::string& into,
                   Stream::ReadOutcome& outcome) {
  into = co_await read_all(worker, stream, outcome);
}

/// Reads all there is, then answers and ends: what a half-close is for.
Task<void> count_and_answer(Worker& worker, Stream& stream, std::size_t& size) {
  Stream::ReadOutcome outcome;
  const std::string got = co_await read_all(worker, stream, outcome);
  size = got.size();
  co_await send_and_end(stream, "done");
}

Task<void> read_then(Worker& worker, Stream& stream, std::string& got, std::size_t size,
                     std::function<void()> action) {
  Stream::ReadOutcome outcome;
  got = co_await read_all(worker, stream, outcome, size);
  action();
}

}  // namespace

TEST_CASE("bytes go both ways, leftovers first, and ends are passed on") {
  for (const auto& [name, make_ends] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    Ends ends = make_ends(worker);
    Tunnel tunnel(worker, *ends.downstream, *ends.upstream);
    const std::string up = pattern(6 * 1024 * 1024), down = pattern(5 * 1024 * 1024 + 1);
    std::string at_server, at_client;
    Stream::ReadOutcome server_end, client_end;
    std::optional<Tunnel::Result> result;
    Run run(worker);
    run.add(run_tunnel(tunnel, "FIRST UP", "FIRST DOWN", result));
    run.add(send_and_end(*ends.client, up)).add(send_and_end(*ends.server, down));
    run.add(receive(worker, *ends.server, at_server, server_end));
    run.add(receive(worker, *ends.client, at_client, client_end));
    REQUIRE(run());
    CHECK((at_server == "FIRST UP" + up));
    CHECK((at_client == "FIRST DOWN" + down));
    CHECK(server_end.status == Stream::ReadStatus::kEnd);
    CHECK(client_end.status == Stream::ReadStatus::kEnd);
    REQUIRE(result);
    CHECK(result->end == Tunnel::End::kClean);
    CHECK(tunnel.bytes_to_upstream() == up.size() + 8);
    CHECK(tunnel.bytes_to_downstream() == down.size() + 10);
    CHECK(worker.buffers().lent() == 0);
  }
}

TEST_CASE("a client that has ended its side still gets the answer") {
  for (const auto& [name, make_ends] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    Ends ends = make_ends(worker);
    Tunnel tunnel(worker, *ends.downstream, *ends.upstream);
    const std::string input = pattern(3 * 1024 * 1024);
    std::size_t size = 0;
    std::string answer;
    Stream::ReadOutcome end;
    std::optional<Tunnel::Result> result;
    Run run(worker);
    run.add(run_tunnel(tunnel, "", "", result));
    run.add(send_and_end(*ends.client, input));
    run.add(count_and_answer(worker, *ends.server, size));
    run.add(receive(worker, *ends.client, answer, end));
    REQUIRE(run());
    CHECK(size == input.size());
    CHECK(answer == "done");
    CHECK(end.status == Stream::ReadStatus::kEnd);
    CHECK(result->end == Tunnel::End::kClean);
  }
}

TEST_CASE("after one side's end the other's silence is limited, and both are closed") {
  for (const auto& [name, make_ends] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    Ends ends = make_ends(worker);
    Tunnel tunnel(worker, *ends.downstream, *ends.upstream,
                  {.half_closed_idle = 100ms, .idle = {}});
    std::string at_server, at_client;
    Stream::ReadOutcome server_end, client_end;
    std::optional<Tunnel::Result> result;
    Run run(worker);
    run.add(run_tunnel(tunnel, "", "", result));
    run.add(send_and_end(*ends.client, "bye"));
    run.add(receive(worker, *ends.server, at_server, server_end));
    run.add(receive(worker, *ends.client, at_client, client_end));
    REQUIRE(run());
    CHECK(at_server == "bye");
    CHECK(server_end.status == Stream::ReadStatus::kEnd);
    CHECK(result->end == Tunnel::End::kIdle);
    CHECK_FALSE(ends.downstream->is_open());
    CHECK_FALSE(ends.upstream->is_open());
  }
}

TEST_CASE("both sides silent for too long: only where a limit is set") {
  Worker worker(0);
  Ends ends = plain_ends(worker);
  Tunnel tunnel(worker, *ends.downstream, *ends.upstream, {.half_closed_idle = 1h, .idle = 100ms});
  std::optional<Tunnel::Result> result;
  Run run(worker);
  run.add(run_tunnel(tunnel, "x", "", result));
  REQUIRE(run());
  CHECK(result->end == Tunnel::End::kIdle);
  CHECK(tunnel.bytes_to_upstream() == 1);
}

TEST_CASE("an error on one side resets the other") {
  for (const auto& [name, make_ends] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    Ends ends = make_ends(worker);
    Tunnel tunnel(worker, *ends.downstream, *ends.upstream);
    std::string at_server, at_client;
    Stream::ReadOutcome client_end;
    std::optional<Tunnel::Result> result;
    Run run(worker);
    run.add(run_tunnel(tunnel, "", "", result));
    run.add(send(*ends.client, "hello"));
    run.add(read_then(worker, *ends.server, at_server, 5, [&] { ends.server->abort(); }));
    run.add(receive(worker, *ends.client, at_client, client_end));
    REQUIRE(run());
    CHECK(at_server == "hello");
    CHECK(result->end == Tunnel::End::kFailed);
    CHECK(result->error == asio::error::connection_reset);
    CHECK(client_end.status == Stream::ReadStatus::kError);
    CHECK(client_end.error == asio::error::connection_reset);
  }
}

TEST_CASE("stop() ends it at once, also while a receiver does not read") {
  for (const auto& [name, make_ends] : kKinds) {
    CAPTURE(name);
    Worker worker(0);
    Ends ends = make_ends(worker);
    Tunnel tunnel(worker, *ends.downstream, *ends.upstream);
    const std::string flood = pattern(32 * 1024 * 1024);  // nobody reads it at the server
    std::string at_client;
    std::optional<Tunnel::Result> result;
    const auto flood_it = [](Stream& stream, std::string_view data) -> Task<void> {
      const error_code error = co_await stream.write(data);
      CHECK(error);
    };
    Run run(worker);
    run.add(run_tunnel(tunnel, "", "", result));
    run.add(flood_it(*ends.client, flood));
    run.add(send(*ends.server, "now"));
    run.add(read_then(worker, *ends.client, at_client, 3, [&] { tunnel.stop(); }));
    REQUIRE(run());
    CHECK(at_client == "now");
    CHECK(result->end == Tunnel::End::kStopped);
    CHECK(tunnel.bytes_to_upstream() < flood.size());
    CHECK(worker.buffers().lent() == 0);
  }
}

TEST_CASE("closing the streams ends it, too") {
  Worker worker(0);
  Ends ends = plain_ends(worker);
  Tunnel tunnel(worker, *ends.downstream, *ends.upstream);
  std::string at_server;
  std::optional<Tunnel::Result> result;
  Run run(worker);
  run.add(run_tunnel(tunnel, "go", "", result));
  run.add(read_then(worker, *ends.server, at_server, 2, [&] { ends.downstream->close(); }));
  REQUIRE(run());
  CHECK(result->end == Tunnel::End::kFailed);
  CHECK(result->error == asio::error::operation_aborted);
}
