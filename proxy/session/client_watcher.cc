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
      finished_(worker.executor()) {}

void ClientWatcher::start() {
  started_ = true;
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
  finished_.set();
}

Task<void> ClientWatcher::stop() {
  stopping_ = true;
  if (started_ && !finished_.happened()) {
    error_code ignored;
    client_.stream().socket().cancel(ignored);
    co_await finished_.wait();
  }
}

}  // namespace postern::proxy
