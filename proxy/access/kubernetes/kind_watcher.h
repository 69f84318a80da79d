#pragma once

#include "proxy/access/kubernetes/api_client.h"
#include "proxy/access/kubernetes/backoff.h"
#include "proxy/access/kubernetes/local_copy.h"
#include "proxy/access/kubernetes/watch_stream.h"
#include "proxy/net/worker.h"

#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace postern::proxy::access {

/// Keeps the copy of one kind as the API server has it: a list, then watches without end, a list
/// again when the server no longer knows where we are (410). It waits after each setback, longer
/// each time (Backoff): after a failure, and after a watch that ended as soon as it had begun, for
/// whatever reason. A watch that went well for a while is followed by the next one at once.
class KindWatcher {
 public:
  /// Everything must outlive this. `moved` is called on the worker whenever the copy knows more.
  KindWatcher(CustomResourceClient& client, LocalCopy& copy, std::size_t kind,
              std::function<void()> moved, Backoff backoff = Backoff(Backoff::Options()));

  /// Runs as long as the worker does, also after a mistake: without it nobody would hear of the
  /// kind.
  Task<void> run();
  /// Lists now, beside the watch: when it returns, the copy has everything that was written before
  /// the call.
  Task<Result<void>> list() { return list(false); }
  /// To be called about twice a second on the worker.
  void check() { stream_.check(); }

  /// Any thread.
  const Pulse& pulse() const { return pulse_; }
  /// Why the last try failed; nullopt while all is well. Any thread.
  std::optional<std::string> fault() const;

 private:
  Task<Result<void>> list(bool alone);
  Task<void> follow();
  Task<void> watch();
  bool take_line(std::string_view line);
  void note(const std::optional<kube::Status>& error);
  void list_again();
  Task<void> pause();

  CustomResourceClient& client_;
  LocalCopy& copy_;
  const std::size_t kind_;
  const std::function<void()> moved_;
  Pulse pulse_;
  WatchStream stream_;
  bool must_list_ = true;
  Backoff backoff_;
  mutable std::mutex mutex_;
  std::optional<std::string> fault_;  ///< under mutex_
};

}  // namespace postern::proxy::access
