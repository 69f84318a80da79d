#include "proxy/admin_server.h"

#include "proxy/config_values.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <mutex>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace postern::proxy {
namespace {

/// Sends bytes, and gives everything that comes back until the server ends.
std::string talk(const std::string& address, const std::string& bytes) {
  const auto where = parse_listen_address(address);
  REQUIRE(where);
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  REQUIRE(fd >= 0);
  const timeval limit{10, 0};
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(where->port);
  inet_pton(AF_INET, where->host.c_str(), &to.sin_addr);
  REQUIRE(connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
  REQUIRE(send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  std::string answer;
  char piece[4096];
  for (ssize_t n = 0; (n = recv(fd, piece, sizeof(piece), 0)) > 0;) {
    answer.append(piece, static_cast<std::size_t>(n));
  }
  close(fd);
  return answer;
}

struct Server {
  Metrics metrics;
  HealthRegistry health;
  std::mutex mutex;
  std::vector<std::string> lines;
  Log log{LogOptions{LogLevel::kDebug, LogFormat::kJson, [this](std::string_view line) {
                       const std::lock_guard lock(mutex);
                       lines.emplace_back(line);
                     }}};
  AdminServer admin{metrics, health, log};
  std::string address = admin.start("127.0.0.1:0").value();

  std::string get(const std::string& target) {
    return talk(address, "GET " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  }
};

TEST_CASE_FIXTURE(Server, "metrics have the type and version of the text format") {
  const std::string answer = get("/metrics");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(answer.find("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n") !=
        std::string::npos);
  CHECK(answer.find("\npostern_build_info{") != std::string::npos);
  CHECK(answer.ends_with("\n"));
}

TEST_CASE_FIXTURE(Server, "health, and what has failed in the log only") {
  CHECK(get("/livez").ends_with("\r\n\r\nok"));
  CHECK(get("/readyz?verbose").ends_with("[+]ping ok\n[+]shutdown ok\nreadyz check passed\n"));
  CHECK(lines.empty());
  health.start_shutdown();
  const std::string answer = get("/readyz");
  CHECK(answer.starts_with("HTTP/1.1 500 Internal Server Error\r\n"));
  CHECK(answer.find("X-Content-Type-Options: nosniff\r\n") != std::string::npos);
  CHECK(answer.find("process is shutting down") == std::string::npos);
  const std::lock_guard lock(mutex);
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("process is shutting down") != std::string::npos);
}

TEST_CASE_FIXTURE(Server, "what is not served, and what is no request") {
  CHECK(get("/").starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(get("/api").starts_with("HTTP/1.1 404 Not Found\r\n"));
  CHECK(talk(address, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc")
            .starts_with("HTTP/1.1 405 "));
  CHECK(talk(address, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
  CHECK(talk(address, std::string(40'000, 'x')).starts_with("HTTP/1.1 431 "));
  CHECK(get("/livez").ends_with("ok"));
}

TEST_CASE_FIXTURE(Server, "several requests on one connection; HEAD has no body") {
  const std::string answer =
      talk(address,
           "GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
           "HEAD /livez HTTP/1.1\r\nHost: x\r\n\r\n"
           "GET /livez/ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  std::size_t heads = 0;
  for (std::size_t at = answer.find("HTTP/1.1 200"); at != std::string::npos;
       at = answer.find("HTTP/1.1 200", at + 1)) {
    ++heads;
  }
  CHECK(heads == 3);
  CHECK(answer.find("\r\n\r\nokHTTP/1.1 200 OK") != std::string::npos);
  CHECK(answer.find("Content-Length: 2\r\n") != std::string::npos);
}

TEST_CASE_FIXTURE(Server, "an address in use is an error; stopping twice is none") {
  AdminServer second(metrics, health, log);
  const auto started = second.start(address);
  REQUIRE_FALSE(started);
  CHECK(started.error().find(address) != std::string::npos);
  CHECK_FALSE(AdminServer(metrics, health, log).start("localhost:1"));
  admin.stop();
  admin.stop();
}

TEST_CASE_FIXTURE(Server, "clients that stay silent do not keep it from stopping") {
  const auto where = parse_listen_address(address);
  std::vector<int> silent;
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(where->port);
  inet_pton(AF_INET, where->host.c_str(), &to.sin_addr);
  for (int i = 0; i < 5; ++i) {
    silent.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(connect(silent.back(), reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0);
  }
  CHECK(get("/livez").ends_with("ok"));
  admin.stop();
  for (const int fd : silent) {
    char byte = 0;
    CHECK(recv(fd, &byte, 1, 0) <= 0);
    close(fd);
  }
}

}  // namespace
}  // namespace postern::proxy
