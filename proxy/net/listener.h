#pragma once

#include "proxy/net/connection_counter.h"
#include "proxy/net/event.h"
#include "proxy/net/socket_stream.h"
#include "proxy/net/tls_server_context.h"
#include "proxy/net/tls_stream.h"
#include "proxy/net/worker.h"

#include <boost/asio/basic_socket_acceptor.hpp>
#include <chrono>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <tl/expected.hpp>

namespace postern::proxy {

/// What a listener tells; each may be left out. Called on the worker's thread.
struct ListenerHooks {
  enum class Refusal {
    kTooMany,             ///< ConnectionLimits::total
    kTooManyFromAddress,  ///< ConnectionLimits::per_address
    kTooManyHandshakes,   ///< the oldest handshake gave way to a new one
    kNoResources,         ///< the system has no descriptors or memory; accepting pauses
  };
  std::function<void(Refusal)> on_refusal;
  std::function<void(const asio::ip::tcp::endpoint& peer, const TlsFailure&)> on_handshake_failure;
  /// A handshake begins; what this returns is released when it ends.
  std::function<std::shared_ptr<void>()> hold_handshake;
  /// An exception came out of the handler: its text.
  std::function<void(const std::string&)> on_bug;
};
/// Where to listen, and what is done with whoever comes.
struct ListenerOptions {
  /// Port 0 takes a free one. `::` takes IPv4, too.
  asio::ip::tcp::endpoint endpoint;
  /// The current certificate, read at each accept; nullptr for plain TCP. Must outlive the
  /// listener.
  const TlsServerSnapshot* tls = nullptr;
  /// Shared by the listeners of all workers.
  std::shared_ptr<ConnectionCounter> counter;
  /// From accept to the end of the TLS handshake.
  std::chrono::milliseconds handshake_timeout{10'000};
  /// Handshakes under way at once on this worker. One more ends the oldest: it is the slow ones
  /// that pile up.
  std::size_t max_handshakes = 256;
  ListenerHooks hooks;
};

/// Accepts connections on one worker, and hands over those that are ready: within the limits, and
/// with their TLS handshake done.
///
/// Each worker has a listener on the same address (SO_REUSEPORT), and the kernel deals connections
/// out. A connection is counted as long as its Stream lives.
///
/// Flow: open() or open_beside(), start(); to end: stop_accepting(), wait_until_idle(),
/// close_all(). All on the worker's thread, or before it runs. Destroy it after the worker's run()
/// has returned and before the worker.
class Listener {
 public:
  /// Serves one connection to its end.
  using Handler = std::function<Task<void>(std::unique_ptr<Stream>)>;

  /// `sibling`: another listener of the same worker, which counts this one's connections as its
  /// own, waits for them and closes them. It must outlive this one; only stop_accepting() is for
  /// each.
  Listener(Worker& worker, ListenerOptions options, Handler handler,
           const Listener* sibling = nullptr);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  /// Binds and listens, as the first on this address: an error when somebody else listens there,
  /// also if they would share it (another postern). The error is a sentence with the address.
  tl::expected<void, std::string> open();
  /// Binds and listens where `first` does, with the port that port 0 became.
  tl::expected<void, std::string> open_beside(const Listener& first);
  asio::ip::tcp::endpoint endpoint() const { return options_.endpoint; }
  void start();

  /// Serves whoever the kernel has told that they are connected, and lets nobody else in: new
  /// clients are refused. Takes a moment, for handshakes of TCP that are under way.
  Task<void> stop_accepting();
  /// Connections whose Stream lives, handshakes included.
  std::size_t live() const { return live_->streams.size(); }
  /// True when no connection is left; false when that takes longer than `limit`. One waits at a
  /// time.
  Task<bool> wait_until_idle(std::chrono::milliseconds limit);
  /// Closes every connection. Their handlers end by themselves, soon.
  void close_all();

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
  class HandshakeTurn;
  /// What streams and coroutines hold on to; they may be destroyed after the listener.
  struct Live {
    std::list<SocketStream*> streams;
    std::list<HandshakeTurn*> handshakes;  ///< oldest first
    Event* waiter = nullptr;               ///< of wait_until_idle()
  };
  struct Companion;

  tl::expected<void, std::string> bind(bool shared);
  Task<void> accept_all();
  void take_queued();
  Task<void> pause(std::chrono::milliseconds duration);
  void take(TcpSocket socket);
  void refuse(TcpSocket& socket, ListenerHooks::Refusal why);
  void tell(ListenerHooks::Refusal why);
  Task<void> serve(std::unique_ptr<SocketStream> stream);
  Task<void> serve_tls(std::unique_ptr<TlsStream> stream);
  void spawn(Task<void> task);
  void register_stream(SocketStream& stream, ConnectionCounter::Place place);

  Worker& worker_;
  ListenerOptions options_;
  Handler handler_;
  Acceptor acceptor_;
  std::optional<SnapshotReader<TlsServerContext>> tls_;
  std::shared_ptr<Live> live_;
};

}  // namespace postern::proxy
