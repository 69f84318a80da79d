#pragma once

#include "proxy/net/task.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

namespace postern::proxy {

/// Whether a kube cluster's API server answers: what everybody who calls it notices, in one place.
/// All methods are safe from any thread; those of the data path are one or two atomic operations.
///
/// A server that refuses connections costs a request next to nothing. One that takes them and never
/// answers would cost each request its whole patience, and postern a connection for as long: while
/// it is known to be silent(), requests are refused at once, and only the probe (cluster_probe.h)
/// asks on.
class ClusterHealth {
 public:
  /// An answer came, whatever it says.
  void answered();
  /// An attempt that began at `began` was given up because nothing came. The server is silent from
  /// now on, unless somebody has got an answer meanwhile: then it was only slow.
  void timed_out(Clock::time_point began);
  bool silent() const { return silent_.load(std::memory_order_relaxed); }

  /// What the last probe found: nullopt, or why the cluster cannot be used.
  void probed(std::optional<std::string> problem);
  /// What probed() was told last; "it has not been asked yet" before the first probe.
  std::optional<std::string> problem() const;

 private:
  std::atomic<Clock::rep> last_answer_{0};
  std::atomic<bool> silent_{false};
  mutable std::mutex mutex_;
  std::optional<std::string> problem_{"it has not been asked yet"};
};

}  // namespace postern::proxy
