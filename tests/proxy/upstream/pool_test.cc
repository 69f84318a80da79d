#include "proxy/observe/metrics.h"
#include "upstream_fixture.h"

namespace postern::proxy::test {
namespace {

using Mode = UpstreamPool::Mode;

void answer_ok(const std::string&, ServerConnection& connection) {
  connection.answer(200, "{}");
}

TEST_CASE("pool: calls one after the other share a connection") {
  UpstreamFixture fixture(answering(answer_ok));
  for (int i = 0; i < 3; ++i) {
    const auto response = fixture.get("/version");
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->body == "{}");
  }
  CHECK(fixture.server.connections() == 1);
  CHECK(fixture.pool.idle() == 1);
  CHECK(fixture.pool.leased() == 0);
}

Task<void> lease_into(UpstreamPool& pool, Mode mode, std::vector<Lease>& into) {
  auto lease = co_await pool.lease(mode);
  REQUIRE(lease);
  into.push_back(std::move(*lease));
}

TEST_CASE(
    "pool: the most recently used connection comes first, and a lease that is dropped closes") {
  UpstreamFixture fixture(answering(answer_ok));
  std::vector<Lease> leases;
  fixture.run(lease_into(fixture.pool, Mode::kPooled, leases));
  fixture.run(lease_into(fixture.pool, Mode::kPooled, leases));
  CHECK(fixture.pool.leased() == 2);
  const Stream* const second = &leases[1].stream();
  leases[0].give_back();
  leases[1].give_back();
  leases.clear();
  CHECK(fixture.pool.idle() == 2);
  fixture.run(lease_into(fixture.pool, Mode::kPooled, leases));
  CHECK(&leases[0].stream() == second);
  CHECK(leases[0].reused());
  CHECK(leases[0].authorization() == "Bearer postern-token");
  leases.clear();  // not given back
  CHECK(fixture.pool.idle() == 1);
  CHECK(fixture.pool.leased() == 0);
}

TEST_CASE("pool: a fresh connection is a new one, and resumes the TLS session") {
  UpstreamFixture fixture(answering(answer_ok));
  REQUIRE(fixture.get("/version"));
  std::vector<Lease> leases;
  fixture.run(lease_into(fixture.pool, Mode::kFresh, leases));
  CHECK_FALSE(leases[0].reused());
  leases[0].give_back();
  leases.clear();
  REQUIRE(fixture.get("/version"));
  CHECK(fixture.server.connections() == 2);
  CHECK(fixture.server.resumed() == 1);
}

TEST_CASE("pool: bytes behind an answer keep the connection out of the pool") {
  UpstreamFixture fixture(answering([](const std::string&, ServerConnection& connection) {
    connection.write("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}HTTP/1.1 200 OK\r\n");
  }));
  const auto response = fixture.get("/version");
  REQUIRE(response);
  CHECK(response->body == "{}");
  CHECK(fixture.pool.idle() == 0);
}

TEST_CASE("pool: Connection: close is heeded") {
  UpstreamFixture fixture(answering([](const std::string&, ServerConnection& connection) {
    connection.answer(200, "{}", "Connection: close\r\n");
  }));
  REQUIRE(fixture.get("/version"));
  CHECK(fixture.pool.idle() == 0);
}

/// Waits until the idle connection's end has arrived, without taking it out of the pool.
Task<void> wait_for_end(Stream& stream) {
  const error_code error = co_await stream.wait_readable();
  static_cast<void>(error);
}

TEST_CASE("pool: an idle connection that died is not lent") {
  for (const bool cleanly : {true, false}) {
    CAPTURE(cleanly);
    UpstreamFixture fixture([cleanly](ServerConnection& connection, ScriptedServer& server) {
      server.record(connection.read_request());
      connection.answer(200, "{}");
      if (connection.number() > 1) return connection.wait_for_end();
      cleanly ? connection.close() : connection.cut();
    });
    std::vector<Lease> leases;
    fixture.run(lease_into(fixture.pool, Mode::kPooled, leases));
    Stream& stream = leases[0].stream();
    leases[0].give_back();
    leases.clear();
    REQUIRE(fixture.get("/version"));  // on the pooled connection, which the server then ends
    CHECK(fixture.server.connections() == 1);
    if (fixture.pool.idle() == 1) fixture.run(wait_for_end(stream));
    fixture.run(lease_into(fixture.pool, Mode::kPooled, leases));
    CHECK_FALSE(leases[0].reused());
    CHECK(fixture.pool.idle() == 0);
  }
}

TEST_CASE("pool: close_idle, and leases that outlive their pool") {
  UpstreamFixture fixture(answering(answer_ok));
  REQUIRE(fixture.get("/version"));
  fixture.pool.close_idle(false);
  CHECK(fixture.pool.idle() == 1);
  fixture.pool.close_idle(true);
  CHECK(fixture.pool.idle() == 0);
  std::vector<Lease> leases;
  {
    UpstreamPool short_lived(fixture.worker, fixture.endpoint, {});
    fixture.run(lease_into(short_lived, Mode::kPooled, leases));
  }
  CHECK(leases[0].stream().is_open());
  leases[0].give_back();
}

TEST_CASE("pool: connections and calls are counted") {
  Metrics metrics;
  UpstreamFixture fixture(answering(answer_ok));
  UpstreamPool pool(fixture.worker, fixture.endpoint, {}, fixture.logged.hooks(&metrics));
  std::vector<Lease> leases;
  fixture.run(lease_into(pool, Mode::kPooled, leases));
  CHECK(metrics.serialize().find("state=\"leased\"} 1") != std::string::npos);
  leases[0].give_back();
  leases.clear();
  CHECK(metrics.serialize().find("state=\"leased\"} 0") != std::string::npos);
  CHECK(metrics.serialize().find("state=\"idle\"} 1") != std::string::npos);
}

}  // namespace
}  // namespace postern::proxy::test
