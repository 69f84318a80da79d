#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <openssl/ssl.h>
#include <string>
#include <thread>
#include <vector>

/// A TLS server on loopback that does what a test's script says, on threads of its own: an API
/// server in all its moods.
namespace postern::proxy::test {

/// One accepted connection, for a script. Every call blocks, 10 s at most.
class ServerConnection {
 public:
  ServerConnection(SSL* ssl, int fd, int number) : ssl_(ssl), fd_(fd), number_(number) {}

  /// Connections are numbered from 1.
  int number() const { return number_; }
  /// The next request, head and body; "" when the client is gone.
  std::string read_request();
  void write(const std::string& text);
  /// An answer with Content-Length.
  void answer(unsigned status, const std::string& body,
              const std::string& more_fields = "Content-Type: application/json\r\n");
  /// close_notify and FIN.
  void close();
  /// FIN without close_notify.
  void cut();
  /// Blocks until the client closes the connection (or the server is destroyed).
  void wait_for_end();

 private:
  bool fill();

  SSL* ssl_;
  int fd_;
  int number_;
  std::string buffer_;
};

struct ServerCertificate {
  std::string certificate, key;  ///< PEM
};

class ScriptedServer {
 public:
  /// Runs once for each connection; the connection is closed when it returns.
  using Script = std::function<void(ServerConnection&, ScriptedServer&)>;

  explicit ScriptedServer(Script script);
  ScriptedServer(Script script, const ServerCertificate& certificate);
  /// Ends every connection and joins every thread.
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  std::uint16_t port() const { return port_; }
  /// Connections whose handshake succeeded, and how many of them resumed a session.
  int connections() const { return connections_; }
  int resumed() const { return resumed_; }
  /// Every request so far, in the order of their arrival.
  std::vector<std::string> requests() const;
  void record(const std::string& request);

 private:
  void accept_all();
  void serve(int fd, int number);

  Script script_;
  SSL_CTX* context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<int> resumed_{0};
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> requests_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// For scripts: answers every request with what `answer` makes of it, until the client goes.
ScriptedServer::Script answering(std::function<void(const std::string&, ServerConnection&)> answer);

/// Whether a head has this line, as it is.
bool has_line(const std::string& head, const std::string& line);
/// The method and target of a request.
std::string first_words(const std::string& request);

}  // namespace postern::proxy::test
