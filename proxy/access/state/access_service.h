#pragma once

#include "proxy/access/state/access_state.h"
#include "proxy/access/state/login_flow.h"
#include "proxy/access/state/run_on.h"
#include "proxy/net/worker.h"

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace postern::proxy::access {

/// The access thread: a loop that owns the AccessState, and the clock that makes things expire.
///
/// Flow: start() once AccessState::load() and set_files() have been called; then ask() and post();
/// stop() when no worker can ask any more.
class AccessService {
 public:
  /// `state` must outlive this.
  explicit AccessService(AccessState& state, Log& log);
  /// stop() first.
  ~AccessService();
  AccessService(const AccessService&) = delete;
  AccessService& operator=(const AccessService&) = delete;

  /// Something to be done a few times a second on the access thread; before start().
  void add_task(std::function<void(AccessState&)> task) { tasks_.push_back(std::move(task)); }
  void start();
  /// What was posted before is still done.
  void stop();

  /// `work` runs on the access thread, soon, in the order of posts. Any thread. What it throws is
  /// logged.
  void post(std::function<void(AccessState&)> work);

  /// Asks the state; the coroutine goes on with the answer on `caller`, the worker that it runs on.
  /// `question` is called on the access thread and owns what it uses: the asking coroutine may be
  /// gone by then. An exception of it comes out of here.
  ///
  ///     const auto made = co_await access.ask<Result<RequestPtr>>(
  ///         worker, [caller, document](AccessState& state) {
  ///           return state.create_request(caller, document, false);
  ///         });
  template <typename T>
  Task<T> ask(Worker& caller, std::function<T(AccessState&)> question) {
    return run_on<T>(worker_, caller,
                     [this, question = std::move(question)] { return question(state_); });
  }

  /// A session by password or by invite: the only call of the access API that needs no other
  /// credential. The password is hashed on a thread of its own, so that neither the worker nor the
  /// access thread waits. 401 for whatever is wrong about user, password or invite, in the same
  /// words and after the same work, whether or not there is such a user; 429 after too many wrong
  /// ones and when too many wait; 422 for a new password that is none; 403 when
  /// `authentication.localUsers` is off.
  Task<Result<IssuedSession>> login(Worker& caller, LoginDocument document);

 private:
  Task<void> keep_time();
  void run_safely(const std::function<void(AccessState&)>& work);
  AccessState& state_;
  Log& log_;
  Worker worker_;
  Worker hashing_;
  Timer timer_;
  std::vector<std::function<void(AccessState&)>> tasks_;
  std::atomic<int> hashing_now_{0};
  std::thread thread_;
  std::thread hashing_thread_;
};

}  // namespace postern::proxy::access
