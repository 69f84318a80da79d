#pragma once

#include "proxy/net/event.h"
#include "proxy/session/client_connection.h"

#include <functional>

namespace postern::proxy {

/// Notices that the client went away while nothing is being written to it: during a silent watch,
/// say, nobody else would look at its socket. What the client sends meanwhile (a pipelined request)
/// is kept.
///
/// While it runs it is the client's one reader. stop() has to be awaited before anybody else reads,
/// and before the connection is destroyed.
class ClientWatcher {
 public:
  /// `on_gone` is called once, when the client has ended its side or is lost.
  ClientWatcher(Worker& worker, ClientConnection& client, std::function<void()> on_gone);

  void start();
  Task<void> stop();
  bool client_is_gone() const { return gone_; }

 private:
  Task<void> watch();

  Worker& worker_;
  ClientConnection& client_;
  std::function<void()> on_gone_;
  Event finished_;
  bool started_ = false;
  bool stopping_ = false;
  bool gone_ = false;
};

}  // namespace postern::proxy
