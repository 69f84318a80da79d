#include "proxy/access/kubernetes/watch_stream.h"

#include "proxy/http/codec.h"
#include "proxy/net/worker.h"
#include "proxy/observe/version.h"
#include "proxy/upstream/cluster_endpoint.h"
#include "proxy/upstream/receive.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

// Tested by tests/e2e/test_store_kubernetes.py
namespace postern::proxy::access {
namespace {

constexpr std::size_t kMaxLine = std::size_t{16} << 20U;
constexpr std::chrono::seconds kDead{8};

void keep_alive(int socket) {
  const auto set = [socket](int level, int name, int value) {
    ::setsockopt(socket, level, name, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 2);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 2);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

/// Since when the other side's kernel has not answered; nullopt when this system cannot tell.
std::optional<std::chrono::milliseconds> dumb_for(int socket) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(socket, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return std::chrono::milliseconds(info.tcpi_last_ack_recv);
}

std::string request_for(const UpstreamPool& pool, const std::string& target,
                        const std::optional<std::string>& authorization) {
  const ClusterEndpoint& endpoint = pool.endpoint();
  http::HeadWriter out = http::HeadWriter::request("GET", endpoint.base_path() + target);
  out.field("Host", endpoint.host_header());
  out.field("User-Agent", std::string("postern/") + version());
  out.field("Accept", "application/json");
  out.field("Accept-Encoding", "identity");
  if (authorization) out.field("Authorization", *authorization);
  return out.take();
}

/// Hands out whole lines; the rest stays. False: `take` wants no more.
bool take_lines(std::string& text, const std::function<bool(std::string_view)>& take) {
  std::size_t begin = 0;
  bool more = true;
  for (std::size_t end = text.find('\n'); more && end != std::string::npos;
       end = text.find('\n', begin)) {
    more = take(std::string_view(text).substr(begin, end - begin));
    begin = end + 1;
  }
  text.erase(0, begin);
  return more;
}

/// Decodes what came. nullopt: go on.
std::optional<WatchOutcome> take_bytes(http::BodyDecoder& decoder, std::string& pending,
                                       std::string& text,
                                       const std::function<bool(std::string_view)>& take) {
  std::size_t used = 0;
  while (used < pending.size() && !decoder.done()) {
    std::size_t consumed = 0;
    const auto piece = decoder.decode(std::string_view(pending).substr(used), consumed);
    if (!piece) {
      return WatchOutcome{WatchEnd::kFailed, kube::Status::bad_gateway("a watch is malformed")};
    }
    used += consumed;
    text.append(*piece);
    if (consumed == 0) break;
  }
  pending.erase(0, used);
  if (!take_lines(text, take)) return WatchOutcome{WatchEnd::kExpired, {}};
  if (text.size() > kMaxLine) {
    return WatchOutcome{WatchEnd::kFailed, kube::Status::bad_gateway("an event is too long")};
  }
  if (decoder.done()) return WatchOutcome{};
  return std::nullopt;
}

/// Lends a stream to check() and close(), until the watch ends, however it does.
class Lent {
 public:
  Lent(std::shared_ptr<Stream*> place, Stream& stream) : place_(std::move(place)) {
    *place_ = &stream;
  }
  ~Lent() { *place_ = nullptr; }
  Lent(const Lent&) = delete;
  Lent& operator=(const Lent&) = delete;

 private:
  const std::shared_ptr<Stream*> place_;
};

kube::Status refused(unsigned code) {
  kube::Status status;
  status.code = static_cast<std::uint16_t>(code);
  status.message = "the API server answered a watch with " + std::to_string(code);
  return status;
}

}  // namespace

Task<WatchOutcome> WatchStream::run(UpstreamPool& pool, std::string target,
                                    const std::function<bool(std::string_view line)>& take) {
  auto lease = co_await pool.lease(UpstreamPool::Mode::kFresh);
  if (!lease) co_return WatchOutcome{WatchEnd::kFailed, std::move(lease.error())};
  Stream& stream = lease->stream();
  keep_alive(stream.socket().native_handle());
  const std::string message = request_for(pool, target, lease->authorization());
  const error_code sent = co_await stream.write(message);
  static_cast<void>(sent);  // the answer tells
  auto head = co_await lease->read_head("GET");
  if (!head) co_return WatchOutcome{WatchEnd::kFailed, std::move(head.error())};
  if (head->status == 410) co_return WatchOutcome{WatchEnd::kExpired, {}};
  if (head->status == 401) {
    // Whoever asks next does so with what is there then.
    const bool renewed =
        co_await pool.endpoint().renew_credential(pool.worker(), lease->authorization());
    static_cast<void>(renewed);
  }
  if (head->status != 200) co_return WatchOutcome{WatchEnd::kFailed, refused(head->status)};
  const Lent lent(lent_, stream);
  pulse_.beat();
  http::BodyDecoder decoder(head->framing, head->content_length);
  std::string text;
  for (;;) {
    auto outcome = take_bytes(decoder, lease->pending(), text, take);
    if (outcome) co_return std::move(*outcome);
    const Arrival arrival = co_await receive(stream, pool.worker().buffers(), lease->pending());
    if (arrival != Arrival::kData) co_return WatchOutcome{};
    pulse_.beat();
  }
}

void WatchStream::check() {
  Stream* const stream = *lent_;
  if (stream == nullptr) return;
  const auto dumb = dumb_for(stream->socket().native_handle());
  if (!dumb) return;
  if (*dumb > kDead) return stream->close();
  const auto answered = Clock::now() - *dumb;
  if (answered > pulse_.last()) pulse_.beat(answered);
}

void WatchStream::close() {
  if (*lent_ != nullptr) (*lent_)->close();
}

}  // namespace postern::proxy::access
