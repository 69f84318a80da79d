#pragma once

#include "kube/result.h"
#include "proxy/net/task.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace postern::proxy {
class Worker;
}

namespace postern::proxy::access {

/// How often the shared store may be asked about sessions that nobody here knows: anybody can make
/// up tokens, and they must not become a flood at the API server. Not safe from several threads.
class LookBudget {
 public:
  using Clock = std::chrono::steady_clock;
  struct Options {
    /// For how long it is remembered that a session was looked for. IDs are random and are told to
    /// their users when the session is in the store: what is not there now will not be.
    std::chrono::milliseconds remembered{10'000};
    std::size_t max_remembered = 4096;
    unsigned per_second = 50;
  };
  enum class Verdict { kLook, kLookedAlready, kTooMany };

  explicit LookBudget(Options options) : options_(options) {}

  Verdict admit(const std::string& id, Clock::time_point now);
  /// The store has said of this session whatever it knows.
  void looked(const std::string& id, Clock::time_point now);
  std::size_t remembered() const { return until_.size(); }

 private:
  void forget(Clock::time_point now);

  Options options_;
  std::unordered_map<std::string, Clock::time_point> until_;
  std::deque<std::pair<Clock::time_point, std::string>> in_order_;
  Clock::time_point second_began_;
  unsigned looks_ = 0;  ///< since then
};

/// Looks in the shared store for a session that another replica may have made a moment ago, before
/// its token is refused here. Each is looked for once at a time, by one read of that object. Safe
/// from any thread.
class SessionSeeker {
 public:
  struct Options {
    LookBudget::Options budget;
    std::size_t max_running = 16;
  };
  struct Hooks {
    /// Asks the store for the session of this ID; `done` is called once, on any thread.
    std::function<void(const std::string& id, std::function<void(Result<void>)> done)> look;
    /// Lets the session table have what the store has now, and calls `then`; must not call it
    /// before it returns.
    std::function<void(std::function<void()> then)> catch_up;
  };

  explicit SessionSeeker(Hooks hooks) : SessionSeeker(std::move(hooks), Options()) {}
  SessionSeeker(Hooks hooks, Options options);
  ~SessionSeeker();
  SessionSeeker(const SessionSeeker&) = delete;
  SessionSeeker& operator=(const SessionSeeker&) = delete;

  /// Whether it is worth looking into the session table again: the store was asked just now. False
  /// when it was asked a moment ago. 429 when too many sessions are looked for, 503 when the store
  /// cannot be asked. `caller` runs the awaiting coroutine.
  Task<Result<bool>> seek(Worker& caller, std::string id);
  /// From now on no hook and no caller's worker is touched; who still waits waits for its worker's
  /// end.
  void stop();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace postern::proxy::access
