#include "proxy/await_storage.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>
#include <utility>

namespace postern::proxy {
namespace {

Task<void> prepare(KubernetesStorage& storage, Worker& control, Loaded<void>& outcome) {
  outcome = co_await storage.prepare(control);
  control.stop();
}

Task<void> end_on_signal(asio::basic_signal_set<Executor>& signals, Worker& control, bool& ended) {
  for (;;) {
    const auto [error, signal] = co_await signals.async_wait(kAwait);
    if (error) {
      co_return;
    }
    if (signal != SIGHUP) {
      ended = true;
      control.stop();
      co_return;
    }
  }
}

}  // namespace

Loaded<bool> await_storage(KubernetesStorage& storage, Worker& control,
                           asio::basic_signal_set<Executor>& signals) {
  // Whichever of the two is left over touches nothing of this frame: end_on_signal() ends with the
  // cancelled wait, and after a signal nobody runs `control` again.
  Loaded<void> outcome;
  bool ended = false;
  asio::co_spawn(control.executor(), prepare(storage, control, outcome), asio::detached);
  asio::co_spawn(control.executor(), end_on_signal(signals, control, ended), asio::detached);
  control.run();
  control.context().restart();
  signals.cancel();
  if (!outcome) {
    return tl::unexpected(std::move(outcome.error()));
  }
  return !ended;
}

}  // namespace postern::proxy
