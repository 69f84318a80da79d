#pragma once

#include "proxy/access/kubernetes/watch_stream.h"
#include "proxy/net/task.h"
#include "proxy/upstream/upstream.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace postern::proxy::access {

/// Lets one of several replicas do what only one has to do: a Lease of coordination.k8s.io as
/// client-go's leader election keeps it (15 s long, renewed every 2 s, given up 10 s after the last
/// renewal), compared with the local monotonic clock only. It does not fence: for a moment there
/// may be two holders, so whatever a holder does has to do no harm when it is done twice.
///
/// Its calls are also how a replica knows, every two seconds, that the API server still answers.
class LeaseHolder {
 public:
  struct Options {
    std::string in_namespace;
    std::string name = "postern-housekeeping";
    std::string identity;                        ///< of this process; never used again
    std::function<void(bool held)> changed;      ///< on the worker; may be empty
    std::chrono::milliseconds duration{15'000};  ///< without a renewal it is anybody's after it
    std::chrono::milliseconds renew_deadline{
        10'000};  ///< since the last one it is held for so long
    std::chrono::milliseconds retry_period{2'000};
  };

  /// `pool` must outlive this.
  LeaseHolder(UpstreamPool& pool, Options options);

  /// Runs as long as the worker does.
  Task<void> run();
  /// Gives it up, so that another one need not wait. Best effort.
  Task<void> release();

  // Any thread. ---------------------------------------------------------------------------------
  bool held() const;
  /// When the API server last answered.
  const Pulse& pulse() const { return pulse_; }
  std::optional<std::string> fault() const;

 private:
  struct Seen {
    std::string holder;
    std::string renewed;  ///< as it was written: others' clocks are not ours
    int transitions = 0;
    std::string acquired;
    std::string version;
  };
  Task<void> step();
  Task<Result<std::optional<Seen>>> read();
  Task<Result<void>> write(const std::optional<Seen>& before, std::string holder);
  void note(const Result<void>& outcome);
  void set_held(bool held);
  std::string path() const;

  UpstreamPool& pool_;
  const Options options_;
  Pulse pulse_;
  std::atomic<Clock::rep> held_until_{0};
  bool told_held_ = false;
  std::string last_seen_;          ///< holder and renewal time
  Clock::time_point last_change_;  ///< when it was first seen like that
  mutable std::mutex mutex_;
  std::optional<std::string> fault_;  ///< under mutex_
};

}  // namespace postern::proxy::access
