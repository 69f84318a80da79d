#pragma once

#include "proxy/net/worker.h"
#include "proxy/observe/log.h"
#include "proxy/self_check_board.h"
#include "proxy/upstream/upstream.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace postern::proxy {

/// The pod that postern runs in.
struct PodIdentity {
  std::string namespace_;
  std::string name;
  std::string uid;  ///< `kubectl describe pod` shows events with the pod's UID only
};

/// From the environment (POD_NAMESPACE, POD_NAME, POD_UID, as the downward API sets them) and, for
/// what is missing there, from the claims of the pod's own service account token
/// (`authorization` is `Bearer TOKEN`). nullopt: no namespace or no name is known.
std::optional<PodIdentity> pod_identity(const std::string& authorization);

/// An event (core v1) about the pod.
std::string event_body(const PodIdentity& pod, const Problem& problem, bool is_warning,
                       std::chrono::system_clock::time_point now);

/// Shows what the self-checks have found as events of postern's own Pod, so that `kubectl describe
/// pod` tells it: when it changes, and again every half hour while it lasts, since events are
/// forgotten after an hour. What the API server did not take is tried again. It needs `create` on
/// events in the pod's namespace. Runs on one worker.
class PodEvents {
 public:
  struct Options {
    std::chrono::milliseconds again{1'800'000};  ///< while it lasts
    std::chrono::milliseconds retry{30'000};     ///< of what could not be written
    std::chrono::milliseconds least{5'000};      ///< between two looks: what flaps makes no flood
  };

  /// `pool` has postern's own credential. `worker`, `board` and `log` must outlive this.
  PodEvents(Worker& worker, std::unique_ptr<UpstreamPool> pool, PodIdentity pod,
            const SelfCheckBoard& board, Log& log, Options options);
  PodEvents(Worker& worker, std::unique_ptr<UpstreamPool> pool, PodIdentity pod,
            const SelfCheckBoard& board, Log& log)
      : PodEvents(worker, std::move(pool), std::move(pod), board, log, Options()) {}
  PodEvents(const PodEvents&) = delete;
  PodEvents& operator=(const PodEvents&) = delete;

  /// On the worker's thread, or before it runs.
  void start();
  /// On the worker's thread.
  void stop();
  /// Something has changed on the board. Any thread.
  void post_soon();

 private:
  struct Posted {
    Problem problem;
    Clock::time_point when;
  };
  Task<void> post_in_turn();
  Task<void> rest(std::chrono::milliseconds time);
  Task<bool> post_news();
  void forget(const std::vector<Problem>& problems);
  bool is_told(const Problem& problem) const;
  Task<bool> post(Problem problem, bool is_warning);

  Worker& worker_;
  std::unique_ptr<UpstreamPool> pool_;
  PodIdentity pod_;
  const SelfCheckBoard& board_;
  Log& log_;
  Options options_;
  Timer pause_;
  std::vector<Posted> posted_;
  bool news_ = false;     ///< since the last look at the board
  bool resting_ = false;  ///< until there are news
  bool is_over_ = false;  ///< everything that was told, and that has not been told yet
  bool stopping_ = false;
  bool complained_ = false;
};

}  // namespace postern::proxy
