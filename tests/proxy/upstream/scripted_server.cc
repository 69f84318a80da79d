#include "scripted_server.h"

#include "tests/proxy/net/net_fixture.h"

#include <algorithm>
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdexcept>
#include <sys/socket.h>
#include <unistd.h>

namespace postern::proxy::test {
namespace {

std::size_t body_length(const std::string& head) {
  const std::size_t at = head.find("Content-Length: ");
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + 16));
}

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(what);
}

SSL_CTX* make_context(const ServerCertificate& pair) {
  SSL_CTX* const context = SSL_CTX_new(TLS_server_method());
  const auto certificate = parse_certificates({pair.certificate, "server"});
  const auto key = parse_private_key({pair.key, "server key"});
  require(certificate && key, "server certificate");
  require(SSL_CTX_use_certificate(context, certificate->front().get()) == 1, "certificate");
  require(SSL_CTX_use_PrivateKey(context, key->get()) == 1, "key");
  static constexpr unsigned char kSession[] = "scripted";
  SSL_CTX_set_session_id_context(context, kSession, sizeof kSession - 1);
  return context;
}

}  // namespace

bool ServerConnection::fill() {
  char piece[16 * 1024];
  const int size = SSL_read(ssl_, piece, sizeof piece);
  if (size <= 0) return false;
  buffer_.append(piece, static_cast<std::size_t>(size));
  return true;
}

std::string ServerConnection::read_request() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return "";
  }
  const std::size_t size = end + 4 + body_length(buffer_.substr(0, end + 4));
  while (buffer_.size() < size) {
    if (!fill()) return "";
  }
  std::string request = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return request;
}

void ServerConnection::write(const std::string& text) {
  SSL_write(ssl_, text.data(), static_cast<int>(text.size()));
}

void ServerConnection::answer(unsigned status, const std::string& body,
                              const std::string& more_fields) {
  write("HTTP/1.1 " + std::to_string(status) + " Whatever\r\n" + more_fields +
        "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
}

void ServerConnection::close() {
  SSL_shutdown(ssl_);
  shutdown(fd_, SHUT_RDWR);
}

void ServerConnection::cut() {
  shutdown(fd_, SHUT_RDWR);
}

void ServerConnection::wait_for_end() {
  while (fill()) continue;
}

ScriptedServer::ScriptedServer(Script script)
    : ScriptedServer(std::move(script), {test_pki().server.text, test_pki().server_key.text}) {}

ScriptedServer::ScriptedServer(Script script, const ServerCertificate& certificate)
    : script_(std::move(script)), context_(make_context(certificate)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  require(bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0, "bind");
  require(listen(listener_, 64) == 0, "listen");
  socklen_t size = sizeof address;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

ScriptedServer::~ScriptedServer() {
  stopping_ = true;
  shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (const int fd : open_) shutdown(fd, SHUT_RDWR);
  }
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
  SSL_CTX_free(context_);
}

void ScriptedServer::accept_all() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  for (int number = 1;; ++number) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0 || stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    const std::lock_guard lock(mutex_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd, number] { serve(fd, number); });
  }
}

void ScriptedServer::serve(int fd, int number) {
  const timeval limit{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  SSL* const ssl = SSL_new(context_);
  SSL_set_fd(ssl, fd);
  if (SSL_accept(ssl) == 1) {
    ++connections_;
    if (SSL_session_reused(ssl) == 1) ++resumed_;
    ServerConnection connection(ssl, fd, number);
    script_(connection, *this);
    SSL_shutdown(ssl);
  }
  SSL_free(ssl);
  const std::lock_guard lock(mutex_);
  std::erase(open_, fd);
  ::close(fd);
}

std::vector<std::string> ScriptedServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void ScriptedServer::record(const std::string& request) {
  const std::lock_guard lock(mutex_);
  requests_.push_back(request);
}

ScriptedServer::Script answering(
    std::function<void(const std::string&, ServerConnection&)> answer) {
  return [answer = std::move(answer)](ServerConnection& connection, ScriptedServer& server) {
    for (;;) {
      const std::string request = connection.read_request();
      if (request.empty()) return;
      server.record(request);
      answer(request, connection);
    }
  };
}

bool has_line(const std::string& head, const std::string& line) {
  return head.find("\r\n" + line + "\r\n") != std::string::npos;
}

std::string first_words(const std::string& request) {
  return request.substr(0, request.find(" HTTP/1.1\r\n"));
}

}  // namespace postern::proxy::test
