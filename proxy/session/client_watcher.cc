#include "proxy/session/client_watcher.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <utility>

namespace postern::proxy {

ClientWatcher::ClientWatcher(Worker& worker, ClientConnection& client,
                             std::function<void()> on_gone)
    : worker_(worker),
      client_(client),
      on_gone_(std::move(on_gone)),
      finished_(worker.executor(), Clock::time_point::max()) {}

void ClientWatcher::start() {
  running_ = true;
  asio::co_spawn(worker_.executor(), watch(), asio::detached);
}

Task<void> ClientWatcher::watch() {
  while (!stopping_) {
    const auto outcome = co_await client_.read_ahead();
    if (stopping_ || outcome.status == Stream::ReadStatus::kWouldBlock) {
      break;
    }
    if (outcome.status != Stream::ReadStatus::kData) {
      gone_ = true;
      on_gone_();
      break;
    }
  }
  running_ = false;
  finished_.cancel();
}

Task<void> ClientWatcher::stop() {
  stopping_ = true;
  if (running_) {
    client_.stream().socket().cancel();
    const auto [ignored] = co_await finished_.async_wait(kAwait);
    static_cast<void>(ignored);
  }
}

}  // namespace postern::proxy
