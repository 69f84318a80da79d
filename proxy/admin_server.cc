#include "proxy/admin_server.h"

#include "proxy/config_values.h"
#include "proxy/http/codec.h"
#include "proxy/net/listener.h"
#include "proxy/session/client_connection.h"

#include <thread>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::size_t kMaxConnections = 256;

struct Answer {
  unsigned status = 200;
  std::string_view content_type;
  std::string body;
};

std::string response(const Answer& answer, bool with_body, bool keep_alive) {
  auto head = http::HeadWriter::response(answer.status);
  head.field("Content-Type", answer.content_type);
  head.field("X-Content-Type-Options", "nosniff");
  head.field("Cache-Control", "no-cache, private");
  if (answer.status == 405) head.field("Allow", "GET, HEAD");
  if (!keep_alive) head.field("Connection", "close");
  head.content_length(answer.body.size());
  std::string text = head.take();
  if (with_body) text += answer.body;
  return text;
}

ClientLimits admin_limits() {
  ClientLimits limits;
  limits.head.max_bytes = 16 * 1024;
  limits.stall_time = std::chrono::milliseconds(10'000);
  return limits;
}

}  // namespace

struct AdminServer::Impl {
  Impl(const Metrics& its_metrics, const HealthRegistry& its_health, Log& its_log)
      : metrics(its_metrics), health(its_health), log(its_log) {}

  const Metrics& metrics;
  const HealthRegistry& health;
  Log& log;
  ClientLimits limits = admin_limits();
  Worker worker{0};
  std::unique_ptr<Listener> listener;
  std::thread thread;

  Answer answer(std::string_view method, std::string_view target) const {
    if (method != "GET" && method != "HEAD") {
      return {405, HealthAnswer::kContentType, "405 method not allowed\n"};
    }
    const std::string_view path = target.substr(0, target.find('?'));
    if (path == "/metrics") return {200, Metrics::kContentType, metrics.serialize()};
    HealthAnswer found = health.answer(target);
    if (!found.reasons.empty()) {
      log.write_limited("health", LogLevel::kWarn, "a health check failed",
                        {{"path", path}, {"checks", found.reasons}});
    }
    return {found.status, HealthAnswer::kContentType, std::move(found.body)};
  }

  Task<void> serve(std::unique_ptr<Stream> stream) {
    ClientConnection client(worker, *stream, limits);
    bool keep_alive = true;
    while (keep_alive) {
      auto head = co_await client.read_head();
      if (!head) {
        co_await client.write_status(head.error(), "", false);
        co_await client.linger();
        break;
      }
      if (!head->has_value()) break;
      const http::RequestHead& request = **head;
      keep_alive = request.keep_alive && request.framing == http::Framing::kNone;
      const std::string text =
          response(answer(request.method, request.target), request.method != "HEAD", keep_alive);
      const error_code error = co_await client.write(text);
      if (error) break;
      if (!keep_alive) co_await client.linger();
    }
    stream->close();
  }
};

AdminServer::AdminServer(const Metrics& metrics, const HealthRegistry& health, Log& log)
    : impl_(std::make_unique<Impl>(metrics, health, log)) {}

AdminServer::~AdminServer() {
  stop();
}

tl::expected<std::string, std::string> AdminServer::start(const std::string& address) {
  const auto where = parse_listen_address(address);
  if (!where) return tl::unexpected(address + " is no IP:PORT");
  ListenerOptions options;
  options.endpoint = {asio::ip::make_address(where->host), where->port};
  options.counter = std::make_shared<ConnectionCounter>(
      ConnectionLimits{.total = kMaxConnections, .per_address = kMaxConnections});
  options.hooks.on_bug = [log = &impl_->log](const std::string& what) {
    log->error("a connection of the admin listener ended by a mistake in postern",
               {{"what", what}});
  };
  Impl* const impl = impl_.get();
  impl->listener = std::make_unique<Listener>(
      impl->worker, std::move(options),
      [impl](std::unique_ptr<Stream> stream) { return impl->serve(std::move(stream)); });
  if (auto opened = impl->listener->open(); !opened) return tl::unexpected(opened.error());
  impl->listener->start();
  impl->thread = std::thread([impl] { impl->worker.run(); });
  const auto endpoint = impl->listener->endpoint();
  return ListenAddress{endpoint.address().to_string(), endpoint.port()}.to_string();
}

void AdminServer::stop() {
  if (!impl_->thread.joinable()) return;
  impl_->worker.post([impl = impl_.get()] {
    impl->listener->close_all();
    impl->worker.stop();
  });
  impl_->thread.join();
  impl_->listener.reset();
}

}  // namespace postern::proxy
