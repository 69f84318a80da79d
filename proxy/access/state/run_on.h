#pragma once

#include "proxy/net/event.h"
#include "proxy/net/worker.h"

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace postern::proxy::access {

/// Runs `work` on the thread of `other` and goes on with its result on `caller`'s, the worker that
/// runs the awaiting coroutine. `work` owns what it uses: the coroutine may be gone before it runs.
/// An exception of it comes out of here. Both workers outlive the work; when `other` ends first,
/// this waits until the caller's worker does.
template <typename T>
Task<T> run_on(Worker& other, Worker& caller, std::function<T()> work) {
  struct Wait {
    Event* event;  // touched on the caller's thread only; nullptr when nobody waits any more
    std::optional<T> result;
    std::exception_ptr bug;
  };
  struct Guard {
    std::shared_ptr<Wait> wait;
    ~Guard() { wait->event = nullptr; }
  };
  Event done(caller.executor());
  const Guard guard{std::make_shared<Wait>(Wait{&done, std::nullopt, nullptr})};
  other.post([&caller, wait = guard.wait, work = std::move(work)] {
    try {
      wait->result.emplace(work());
    } catch (...) {
      wait->bug = std::current_exception();
    }
    caller.post([wait] {
      if (wait->event != nullptr) wait->event->set();
    });
  });
  co_await done.wait();
  if (guard.wait->bug) {
    std::rethrow_exception(guard.wait->bug);
  }
  co_return std::move(*guard.wait->result);
}

}  // namespace postern::proxy::access
