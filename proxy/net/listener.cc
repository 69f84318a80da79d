#include "proxy/net/listener.h"

#include "proxy/net/tcp_stream.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <cstdint>
#include <iterator>
#include <limits>
#include <linux/filter.h>
#include <netinet/tcp.h>
#include <sstream>
#include <sys/socket.h>
#include <utility>

namespace postern::proxy {

namespace {

/// A client that vanishes without a word is noticed after two minutes.
constexpr int kKeepAliveIdle = 60;
constexpr int kKeepAliveInterval = 15;
constexpr int kKeepAliveProbes = 4;
/// How long accepting rests when there are no descriptors: somebody has to close some first.
constexpr std::chrono::milliseconds kPause{100};
/// How long handshakes of TCP may take that were under way when accepting ends.
constexpr std::chrono::milliseconds kLastHandshakes{100};

void set_option(int socket, int level, int name, int value) {
  setsockopt(socket, level, name, &value, sizeof value);  // best effort: works without it as well
}

void set_client_options(TcpSocket& socket) {
  const int fd = socket.native_handle();
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdle);
  set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveInterval);
  set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
}

/// As kube-apiserver does it: the one mistake that people make with the scheme of a URL.
void answer_plain_http(TlsStream& stream) {
  constexpr std::string_view kAnswer =
      "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
  if (stream.is_open())
    ::send(stream.socket().native_handle(), kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL);
}

/// Lets the kernel drop what asks for a new connection (SYN without ACK) before it is one: the
/// client's next try comes after the socket is closed and is refused. Handshakes that are under way
/// go on. Best effort.
void ignore_new_clients(int listening) {
  constexpr std::uint32_t kFlagsOffset = 13;  // in the TCP header, which is what the filter sees
  constexpr std::uint32_t kSyn = 0x02;
  constexpr std::uint32_t kSynOrAck = 0x12;
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, kFlagsOffset),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, kSynOrAck),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, kSyn, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_K, std::numeric_limits<std::uint32_t>::max()),
  };
  const sock_fprog program{static_cast<unsigned short>(std::size(code)), code};
  ::setsockopt(listening, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

bool out_of_resources(const error_code& error) {
  namespace errc = boost::system::errc;
  return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
         error == errc::no_buffer_space || error == errc::not_enough_memory;
}

}  // namespace

/// What a stream carries along: its place among the counted, and among the living.
struct Listener::Companion {
  ConnectionCounter::Place place;
  std::shared_ptr<Live> live;
  std::list<SocketStream*>::iterator position;

  ~Companion() {
    live->streams.erase(position);
    if (live->streams.empty() && live->waiter != nullptr) live->waiter->set();
  }
};

/// A handshake's time among those under way.
class Listener::HandshakeTurn {
 public:
  HandshakeTurn(std::shared_ptr<Live> live, TlsStream& stream)
      : live_(std::move(live)),
        stream_(stream),
        position_(live_->handshakes.insert(live_->handshakes.end(), this)) {}
  ~HandshakeTurn() { leave(); }
  HandshakeTurn(const HandshakeTurn&) = delete;
  HandshakeTurn& operator=(const HandshakeTurn&) = delete;

  /// Ends it, in favour of another.
  void give_way() {
    leave();
    stream_.close();
  }

 private:
  void leave() {
    if (std::exchange(counted_, false)) live_->handshakes.erase(position_);
  }

  std::shared_ptr<Live> live_;
  TlsStream& stream_;
  std::list<HandshakeTurn*>::iterator position_;
  bool counted_ = true;
};

Listener::Listener(Worker& worker, ListenerOptions options, Handler handler,
                   const Listener* sibling)
    : worker_(worker),
      options_(std::move(options)),
      handler_(std::move(handler)),
      acceptor_(worker.executor()),
      live_(sibling != nullptr ? sibling->live_ : std::make_shared<Live>()) {
  if (options_.tls != nullptr) tls_.emplace(*options_.tls);
  if (!options_.counter) options_.counter = std::make_shared<ConnectionCounter>(ConnectionLimits());
}

tl::expected<void, std::string> Listener::open() {
  // Bound without sharing first, which tells whether anybody is there.
  if (auto alone = bind(/*shared=*/false); !alone) return alone;
  error_code ignored;
  acceptor_.close(ignored);
  return bind(/*shared=*/true);
}

tl::expected<void, std::string> Listener::open_beside(const Listener& first) {
  options_.endpoint = first.endpoint();
  return bind(/*shared=*/true);
}

tl::expected<void, std::string> Listener::bind(bool shared) {
  error_code error;
  const auto step = [&error](auto&& action) {
    if (!error) action();
  };
  step([&] { acceptor_.open(options_.endpoint.protocol(), error); });
  step([&] { acceptor_.set_option(Acceptor::reuse_address(true), error); });
  step([&] {
    if (shared) set_option(acceptor_.native_handle(), SOL_SOCKET, SO_REUSEPORT, 1);
    if (options_.endpoint.address().is_v6()) acceptor_.set_option(asio::ip::v6_only(false), error);
  });
  step([&] { acceptor_.bind(options_.endpoint, error); });
  step([&] {
    if (shared) acceptor_.listen(Acceptor::max_listen_connections, error);
  });
  step([&] { options_.endpoint = acceptor_.local_endpoint(error); });
  if (!error) return {};
  std::ostringstream text;
  text << "cannot listen on " << options_.endpoint << ": " << error.message();
  error_code ignored;
  acceptor_.close(ignored);
  return tl::unexpected(text.str());
}

void Listener::start() {
  spawn(accept_all());
}

Task<void> Listener::accept_all() {
  while (acceptor_.is_open()) {
    auto [error, socket] = co_await acceptor_.async_accept(kAwait);
    if (!error) {
      take(std::move(socket));
    } else if (out_of_resources(error)) {
      if (options_.hooks.on_refusal)
        options_.hooks.on_refusal(ListenerHooks::Refusal::kNoResources);
      co_await pause(kPause);
    }
  }
}

Task<void> Listener::pause(std::chrono::milliseconds duration) {
  Timer timer(worker_.executor(), duration);
  co_await timer.async_wait(kAwait);
}

void Listener::take(TcpSocket socket) {
  error_code gone;
  const auto peer = socket.remote_endpoint(gone);
  if (gone) return;
  ConnectionCounter::Place place;
  const auto verdict = options_.counter->admit(peer.address(), place);
  if (verdict != ConnectionCounter::Verdict::kAdmitted) {
    refuse(socket, verdict == ConnectionCounter::Verdict::kTooMany
                       ? ListenerHooks::Refusal::kTooMany
                       : ListenerHooks::Refusal::kTooManyFromAddress);
    return;
  }
  set_client_options(socket);
  if (!tls_) {
    auto stream = std::make_unique<TcpStream>(std::move(socket));
    register_stream(*stream, std::move(place));
    spawn(serve(std::move(stream)));
    return;
  }
  const auto& context = tls_->get();
  SslPtr ssl = context ? context->new_session() : nullptr;
  if (!ssl) return;
  auto stream = std::make_unique<TlsStream>(std::move(socket), std::move(ssl), context);
  register_stream(*stream, std::move(place));
  spawn(serve_tls(std::move(stream)));
}

void Listener::refuse(TcpSocket& socket, ListenerHooks::Refusal why) {
  tell(why);  // before the client can have seen it
  // A reset at once leaves nothing behind, not even a TIME-WAIT.
  error_code ignored;
  socket.set_option(asio::socket_base::linger(true, 0), ignored);
  socket.close(ignored);
}

void Listener::tell(ListenerHooks::Refusal why) {
  if (options_.hooks.on_refusal) options_.hooks.on_refusal(why);
}

void Listener::register_stream(SocketStream& stream, ConnectionCounter::Place place) {
  live_->streams.push_back(&stream);
  const auto position = std::prev(live_->streams.end());
  stream.attach(std::shared_ptr<Companion>(new Companion{std::move(place), live_, position}));
}

Task<void> Listener::serve(std::unique_ptr<SocketStream> stream) {
  co_await handler_(std::move(stream));
}

Task<void> Listener::serve_tls(std::unique_ptr<TlsStream> stream) {
  {
    if (!live_->handshakes.empty() && live_->handshakes.size() >= options_.max_handshakes) {
      live_->handshakes.front()->give_way();
      tell(ListenerHooks::Refusal::kTooManyHandshakes);
    }
    const HandshakeTurn turn(live_, *stream);
    const auto held = options_.hooks.hold_handshake ? options_.hooks.hold_handshake() : nullptr;
    auto done =
        co_await complete_handshake(*stream, worker_.deadlines(), options_.handshake_timeout);
    if (!done) {
      if (done.error().is_plain_http) answer_plain_http(*stream);
      if (options_.hooks.on_handshake_failure)
        options_.hooks.on_handshake_failure(stream->peer(), done.error());
      co_return;
    }
  }
  co_await serve(std::move(stream));
}

void Listener::spawn(Task<void> task) {
  asio::co_spawn(worker_.executor(), std::move(task), [this](std::exception_ptr bug) {
    if (!bug || !options_.hooks.on_bug) return;
    try {
      std::rethrow_exception(bug);
    } catch (const std::exception& error) {
      options_.hooks.on_bug(error.what());
    } catch (...) {
      options_.hooks.on_bug("an exception of an unknown type");
    }
  });
}

void Listener::take_queued() {
  error_code error;
  acceptor_.non_blocking(true, error);
  while (!error) {
    TcpSocket socket(worker_.executor());
    acceptor_.accept(socket, error);
    if (!error) take(std::move(socket));
  }
}

Task<void> Listener::stop_accepting() {
  if (!acceptor_.is_open()) co_return;
  // Whoever is in the kernel's queue when the socket closes is reset, though they were told that
  // they are connected. So first nobody new gets in, then the queue is emptied.
  ignore_new_clients(acceptor_.native_handle());
  take_queued();
  co_await pause(kLastHandshakes);
  if (!acceptor_.is_open()) co_return;
  take_queued();
  error_code ignored;
  acceptor_.close(ignored);
}

Task<bool> Listener::wait_until_idle(std::chrono::milliseconds limit) {
  if (live_->streams.empty()) co_return true;
  Event idle(worker_.executor());
  Deadline deadline(worker_.deadlines(), [&idle] { idle.set(); });
  deadline.expires_after(limit);
  live_->waiter = &idle;
  const std::shared_ptr<Live> forget(live_.get(),
                                     [live = live_](Live*) { live->waiter = nullptr; });
  co_await idle.wait();
  co_return live_->streams.empty();
}

void Listener::close_all() {
  for (SocketStream* stream : live_->streams) stream->close();
}

}  // namespace postern::proxy
