#include "proxy/upstream/connect.h"

#include "proxy/net/issue_certificate.h"
#include "proxy/observe/metrics.h"
#include "proxy/upstream/resolve.h"
#include "upstream_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace postern::proxy::test {
namespace {

void say_nothing(ServerConnection& connection, ScriptedServer&) {
  connection.wait_for_end();
}

Task<void> lease_into(UpstreamPool& pool, Result<void>& into) {
  auto lease = co_await pool.lease(UpstreamPool::Mode::kPooled);
  into = lease ? Result<void>() : Result<void>(fail(lease.error()));
}

/// What comes of a connection to this endpoint.
struct Outcome {
  Result<void> result;
  LoggedLines logged;
  std::string metrics;
};

std::unique_ptr<Outcome> connect_to(EndpointSource source, UpstreamTimeouts timeouts = {}) {
  auto outcome = std::make_unique<Outcome>();
  Worker worker(0);
  Metrics metrics;
  UpstreamPool pool(worker, make_endpoint(std::move(source)), timeouts,
                    outcome->logged.hooks(&metrics));
  REQUIRE(Run(worker).add(lease_into(pool, outcome->result))());
  outcome->metrics = metrics.serialize();
  return outcome;
}

/// A listening socket of which nobody accepts: its backlog answers TCP, nobody answers TLS.
class SilentPort {
 public:
  SilentPort() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    socklen_t size = sizeof address;
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~SilentPort() { ::close(fd_); }
  void start_listening() const { REQUIRE(listen(fd_, 8) == 0); }
  std::uint16_t port() const { return port_; }

 private:
  int fd_;
  std::uint16_t port_ = 0;
};

ServerCertificate self_signed() {
  CertificateSpec spec;
  spec.common_name = "impostor";
  spec.names = {"localhost", "127.0.0.1"};
  spec.not_before = std::chrono::system_clock::now() - std::chrono::hours(1);
  spec.not_after = spec.not_before + std::chrono::hours(24);
  const auto made = issue_certificate(spec, nullptr);
  REQUIRE(made);
  return {to_pem(made->certificate.get()), to_pem(made->key.get())};
}

TEST_CASE("attack 215: a server with the wrong certificate gets nothing") {
  const ScriptedServer impostor(say_nothing, self_signed());
  const auto outcome = connect_to(endpoint_source(impostor.port()));
  REQUIRE_FALSE(outcome->result);
  CHECK(outcome->result.error().code == 502);
  CHECK(outcome->result.error().message == "the cluster's API server could not be verified");
  CHECK(outcome->logged.contain("TLS"));
  CHECK(impostor.connections() == 0);
  CHECK(outcome->metrics.find("reason=\"tls\"} 1") != std::string::npos);
}

TEST_CASE("attack 215: a certificate for another name is no better") {
  const ScriptedServer server(say_nothing);
  EndpointSource source = endpoint_source(server.port());
  source.tls_server_name = "kubernetes.default.svc";
  const auto outcome = connect_to(std::move(source));
  REQUIRE_FALSE(outcome->result);
  CHECK(outcome->result.error().code == 502);
}

TEST_CASE("connect: tls-server-name replaces the host") {
  const ScriptedServer server(say_nothing);
  EndpointSource source = endpoint_source(server.port());
  source.tls_server_name = "localhost";
  CHECK(connect_to(std::move(source))->result);
}

TEST_CASE("connect: insecure-skip-tls-verify connects to anybody, and says so loudly") {
  const ScriptedServer impostor(say_nothing, self_signed());
  EndpointSource source = endpoint_source(impostor.port());
  source.insecure_skip_tls_verify = true;
  LoggedLines logged;
  const auto endpoint = make_endpoint(source, logged.hooks());
  CHECK(logged.contain("INSECURE"));
  CHECK(connect_to(std::move(source))->result);
}

TEST_CASE("connect: a refused connection is 502 and named in the log only") {
  const SilentPort port;  // bound, not listening
  const auto outcome = connect_to(endpoint_source(port.port()));
  REQUIRE_FALSE(outcome->result);
  CHECK(outcome->result.error().code == 502);
  CHECK(outcome->result.error().message.find(std::to_string(port.port())) == std::string::npos);
  CHECK(outcome->logged.contain(std::to_string(port.port())));
  CHECK(outcome->metrics.find("reason=\"connect\"} 1") != std::string::npos);
}

TEST_CASE("connect: a server that does not shake hands is 504") {
  const SilentPort port;
  port.start_listening();
  UpstreamTimeouts timeouts;
  timeouts.connect = std::chrono::milliseconds(200);
  const auto outcome = connect_to(endpoint_source(port.port()), timeouts);
  REQUIRE_FALSE(outcome->result);
  CHECK(outcome->result.error().code == 504);
  CHECK(outcome->metrics.find("reason=\"timeout\"} 1") != std::string::npos);
}

TEST_CASE("connect: a name is looked up, and every address tried") {
  const ScriptedServer server(say_nothing);  // 127.0.0.1 only; localhost may be ::1 first
  EndpointSource source = endpoint_source(server.port());
  source.server = "https://localhost:" + std::to_string(server.port());
  CHECK(connect_to(std::move(source))->result);
}

Task<void> resolve_into(Worker& worker, std::string host, Clock::time_point until,
                        Result<std::vector<asio::ip::tcp::endpoint>>& into) {
  into = co_await resolve(worker, std::move(host), 443, until);
}

TEST_CASE("resolve: literals need no lookup, names that are none are errors") {
  Worker worker(0);
  Result<std::vector<asio::ip::tcp::endpoint>> found;
  const auto until = Clock::now() + std::chrono::seconds(10);
  REQUIRE(Run(worker).add(resolve_into(worker, "::1", until, found))());
  REQUIRE(found);
  CHECK(found->front().address().is_v6());
  REQUIRE(Run(worker).add(resolve_into(worker, "no such name", until, found))());
  REQUIRE_FALSE(found);
  CHECK(found.error().code == 502);
}

TEST_CASE("resolve: does not wait beyond its time") {
  Worker worker(0);
  Result<std::vector<asio::ip::tcp::endpoint>> found;
  REQUIRE(Run(worker).add(resolve_into(worker, "localhost", Clock::now(), found))());
  // Either it was that quick, or it is 504; it never hangs.
  CHECK((found.has_value() || found.error().code == 504));
}

}  // namespace
}  // namespace postern::proxy::test
