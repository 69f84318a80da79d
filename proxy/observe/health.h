#pragma once

#include "proxy/observe/metrics.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy {

/// The answer to a request for health, with nothing left to decide.
struct HealthAnswer {
  unsigned status = 200;
  std::string body;
  /// Why checks failed, for the log only ("NAME: REASON; …"); "" when none did.
  std::string reasons;
  static constexpr std::string_view kContentType = "text/plain; charset=utf-8";
};

/// The checks behind /livez, /readyz and /healthz, in kube-apiserver's words byte for byte
/// (k8s.io/apiserver pkg/server/healthz/healthz.go).
///
/// `/livez` says whether the process should be restarted, `/readyz` whether it should get requests;
/// `/healthz` is the old name of the first. `?verbose` lists every check, `?exclude=NAME` (as often
/// as needed) leaves one out, `/livez/NAME` asks one alone. A failure is 500 and always verbose;
/// its reason is for the log, since anyone may ask.
///
/// Checks are added before the first answer(), from then on everything is safe from any thread. A
/// check must come back at once.
class HealthRegistry {
 public:
  /// nullopt: healthy; else why not.
  using Check = std::function<std::optional<std::string>()>;

  /// Has the check `ping` from the start. `metrics` (may be nullptr) gets every result.
  explicit HealthRegistry(Metrics* metrics = nullptr);

  /// A check of all three paths.
  void add_live(std::string name, Check check);
  /// A check of /readyz alone.
  void add_ready(std::string name, Check check);
  /// A line of /readyz that says how something is without which it goes on: `?verbose` shows a
  /// failure, and only /readyz/NAME is one by it.
  void add_report(std::string name, Check check);
  /// What an operator should know although requests can be served: shown by `/readyz?verbose` as
  /// `warn:` lines, and by a failed /readyz. Without line ends.
  void set_warnings(std::function<std::vector<std::string>()> warnings) {
    warnings_ = std::move(warnings);
  }
  /// From now on the check `shutdown` of /readyz fails, so that load balancers turn away. Any
  /// thread, also a signal handler.
  void start_shutdown() { shutting_down_->store(true); }

  /// Whether a path is one of these (`/readyz`, `/livez/ping`, …).
  static bool is_health_path(std::string_view path);
  /// `target` is a request target: path and query. 404 for a check that does not exist.
  HealthAnswer answer(std::string_view target) const;

 private:
  struct NamedCheck {
    std::string name;
    Check check;
    enum class Kind { kLive, kReady, kReport } kind;
  };
  void add_before_shutdown(NamedCheck check);
  std::vector<const NamedCheck*> checks_of(std::string_view path) const;
  std::optional<std::string> run(const NamedCheck& check) const;
  HealthAnswer answer_all(std::string_view path, std::string_view query) const;
  HealthAnswer answer_one(std::string_view path, std::string_view name) const;

  std::vector<NamedCheck> checks_;
  std::function<std::vector<std::string>()> warnings_;
  std::shared_ptr<std::atomic<bool>> shutting_down_;
  Metrics* metrics_;
};

}  // namespace postern::proxy
