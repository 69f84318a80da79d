#include "net_fixture.h"

#include "proxy/net/issue_certificate.h"

#include <doctest/doctest.h>

namespace postern::proxy::test {

namespace {

KeyedCertificate issue(CertificateSpec::Use use, const std::string& name,
                       const KeyedCertificate* issuer) {
  CertificateSpec spec;
  spec.use = use;
  spec.common_name = name;
  if (use == CertificateSpec::Use::kServer) spec.names = {"localhost", "127.0.0.1"};
  spec.not_before = std::chrono::system_clock::now() - std::chrono::hours(1);
  spec.not_after = spec.not_before + std::chrono::hours(48);
  auto made = issue_certificate(spec, issuer);
  REQUIRE(made);
  return std::move(*made);
}

const KeyedCertificate& authority() {
  static const KeyedCertificate made =
      issue(CertificateSpec::Use::kAuthority, "test authority", nullptr);
  return made;
}

}  // namespace

std::pair<TcpSocket, TcpSocket> connected_sockets(Worker& worker) {
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
  Acceptor acceptor(worker.executor(), {asio::ip::address_v4::loopback(), 0});
  TcpSocket client(worker.executor());
  client.connect(acceptor.local_endpoint());
  TcpSocket server(worker.executor());
  acceptor.accept(server);
  return {std::move(client), std::move(server)};
}

const TestPki& test_pki() {
  static const TestPki pki = [] {
    TestPki made;
    const auto server = issue(CertificateSpec::Use::kServer, "server", &authority());
    const auto client = issue(CertificateSpec::Use::kClient, "alice", &authority());
    made.ca = {to_pem(authority().certificate.get()), "ca.crt"};
    made.server = {to_pem(server.certificate.get()), "server.crt"};
    made.server_key = {to_pem(server.key.get()), "server.key"};
    made.client = {to_pem(client.certificate.get()), "client.crt"};
    made.client_key = {to_pem(client.key.get()), "client.key"};
    return made;
  }();
  return pki;
}

std::pair<Pem, Pem> another_server() {
  const auto server = issue(CertificateSpec::Use::kServer, "another", &authority());
  return {{to_pem(server.certificate.get()), "another.crt"},
          {to_pem(server.key.get()), "another.key"}};
}

std::shared_ptr<const TlsServerContext> server_context(std::shared_ptr<TicketKeys> keys) {
  auto made =
      TlsServerContext::make({test_pki().server, test_pki().server_key, true, std::move(keys)});
  REQUIRE(made);
  return *made;
}

std::shared_ptr<const TlsClientContext> client_context(const std::string& name) {
  auto made = TlsClientContext::make({test_pki().ca, {}, {}, name});
  REQUIRE(made);
  return *made;
}

namespace {

Task<void> accept_into(Worker& worker, TcpSocket socket,
                       std::shared_ptr<const TlsServerContext> context,
                       std::unique_ptr<TlsStream>& into) {
  auto made = co_await accept_tls(std::move(socket), std::move(context), worker.deadlines(),
                                  std::chrono::seconds(10));
  if (made) into = std::move(*made);
}

Task<void> connect_into(Worker& worker, TcpSocket socket,
                        std::shared_ptr<const TlsClientContext> context,
                        std::unique_ptr<TlsStream>& into) {
  auto made = co_await connect_tls(std::move(socket), std::move(context), worker.deadlines(),
                                   std::chrono::seconds(10));
  if (made) into = std::move(*made);
}

}  // namespace

TlsPair connected_tls(Worker& worker, std::shared_ptr<const TlsClientContext> client,
                      std::shared_ptr<const TlsServerContext> server) {
  auto sockets = connected_sockets(worker);
  TlsPair pair;
  Run run(worker);
  run.add(connect_into(worker, std::move(sockets.first), std::move(client), pair.client));
  run.add(accept_into(worker, std::move(sockets.second), std::move(server), pair.server));
  REQUIRE(run());
  REQUIRE(pair.client);
  REQUIRE(pair.server);
  // Takes in the session ticket: unread bytes would turn every close into a reset.
  char byte = 0;
  REQUIRE(pair.client->try_read({&byte, 1}).status == Stream::ReadStatus::kWouldBlock);
  return pair;
}

Task<std::string> read_all(Worker& worker, Stream& stream, Stream::ReadOutcome& outcome,
                           std::size_t limit) {
  std::string all;
  while (all.size() < limit) {
    const error_code error = co_await stream.wait_readable();
    if (error) {
      outcome = {Stream::ReadStatus::kError, 0, error};
      break;
    }
    const auto buffer = worker.buffers().take();
    const auto room = buffer.span().first(std::min(limit - all.size(), BufferPool::kSize));
    outcome = stream.try_read(room);
    if (outcome.status == Stream::ReadStatus::kData) all.append(room.data(), outcome.size);
    if (outcome.status == Stream::ReadStatus::kEnd || outcome.status == Stream::ReadStatus::kError)
      break;
  }
  co_return all;
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 12345;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

}  // namespace postern::proxy::test
