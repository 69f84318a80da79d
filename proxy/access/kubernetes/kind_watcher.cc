#include "proxy/access/kubernetes/kind_watcher.h"

#include "proxy/observe/metrics.h"

#include <exception>
#include <nlohmann/json.hpp>
#include <utility>

// Tested by tests/proxy/access/kubernetes/kind_watcher_test.cc and
// tests/e2e/test_store_kubernetes.py
namespace postern::proxy::access {
namespace {

using nlohmann::json;

/// A watch that went on for so long went well.
constexpr std::chrono::seconds kSteady{5};

/// As client-go's reflector: five to ten minutes, so that servers are not asked all at once.
std::string with_timeout(std::string target) {
  return std::move(target) + "&timeoutSeconds=" + std::to_string(Backoff::random_between(300, 600));
}

/// What an operator can do about it, where that is known.
std::string explained(const ResourceKind& kind, const std::string& in_namespace,
                      const kube::Status& error) {
  const std::string resource = kind.resource + "." + std::string(kStoreGroup);
  if (error.code == 404) {
    return "the cluster does not know " + resource +
           ": install postern's CustomResourceDefinitions (charts/postern/files/crds)";
  }
  if (error.code == 403) {
    return "postern may not list and watch " + resource + " in the namespace " + in_namespace +
           ": give its service account the Role postern-store (" + error.message + ")";
  }
  return resource + ": " + error.message;
}

}  // namespace

KindWatcher::KindWatcher(CustomResourceClient& client, LocalCopy& copy, std::size_t kind,
                         std::function<void()> moved, Backoff backoff)
    : client_(client),
      copy_(copy),
      kind_(kind),
      moved_(std::move(moved)),
      stream_(pulse_),
      backoff_(std::move(backoff)) {}

std::optional<std::string> KindWatcher::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void KindWatcher::note(const std::optional<kube::Status>& error) {
  const std::lock_guard lock(mutex_);
  fault_.reset();
  if (error) fault_ = explained(copy_.kinds()[kind_], client_.in_namespace(), *error);
}

Task<void> KindWatcher::pause() {
  Timer timer(client_.pool().worker().executor());
  timer.expires_after(backoff_.after_setback());
  const auto [error] = co_await timer.async_wait(kAwait);
  static_cast<void>(error);
}

Task<Result<void>> KindWatcher::list(bool alone) {
  auto listed = co_await client_.list(copy_.kinds()[kind_]);
  if (!listed) co_return fail(std::move(listed.error()));
  copy_.replace(kind_, std::move(listed->items), listed->version, alone);
  moved_();
  co_return Result<void>();
}

Task<void> KindWatcher::run() {
  for (;;) {
    std::string bug;
    try {
      co_await follow();
    } catch (const std::exception& thrown) {
      bug = std::string("a mistake in postern: ") + thrown.what();
    }
    if (bug.empty()) continue;
    must_list_ = true;
    note(kube::Status::internal(bug));
    if (client_.pool().hooks().log) client_.pool().hooks().log(LogLevel::kError, bug);
    co_await pause();
  }
}

Task<void> KindWatcher::follow() {
  if (must_list_) {
    const auto listed = co_await list(true);
    note(listed ? std::nullopt : std::optional(listed.error()));
    if (!listed) {
      co_await pause();
      co_return;
    }
    must_list_ = false;
    pulse_.beat();
  }
  co_await watch();
}

Task<void> KindWatcher::watch() {
  const ResourceKind& kind = copy_.kinds()[kind_];
  const Version from = copy_.progress(kind.kind).reached;
  const auto began = Clock::now();
  const std::function<bool(std::string_view)> take = [this](std::string_view line) {
    return take_line(line);
  };
  std::string target = with_timeout(client_.watch_target(kind, from));
  const WatchOutcome outcome = co_await stream_.run(client_.pool(), std::move(target), take);
  if (Clock::now() - began >= kSteady) backoff_.settled();
  if (outcome.end == WatchEnd::kFailed) {
    // A kind or a right may have gone: the list says it in full.
    must_list_ = outcome.error.code == 403 || outcome.error.code == 404;
    note(outcome.error);
    co_await pause();
    co_return;
  }
  if (outcome.end == WatchEnd::kExpired) list_again();
  note(std::nullopt);
  // A server that ends watches at once, or knows none of the versions that it has just given, must
  // not be asked without a pause.
  if (Clock::now() - began < kSteady) co_await pause();
}

void KindWatcher::list_again() {
  must_list_ = true;
  const UpstreamHooks& hooks = client_.pool().hooks();
  if (!hooks.log) return;
  hooks.log(LogLevel::kInfo, copy_.kinds()[kind_].resource + "." + std::string(kStoreGroup) +
                                 ": the API server no longer knows where the watch was; it is "
                                 "listed anew");
}

bool KindWatcher::take_line(std::string_view line) {
  const json event = json::parse(line, nullptr, false);
  if (!event.is_object() || !event.contains("object")) return false;
  const std::string type = event.value("type", "");
  if (type == "ERROR") return false;  // mostly 410; a list puts all else right, too
  auto resource = read_custom_resource(event["object"]);
  if (type == "BOOKMARK") {
    const json metadata = event["object"].value("metadata", json::object());
    const std::string version = metadata.value("resourceVersion", "");
    if (version.empty() || version.size() > 19 ||
        version.find_first_not_of("0123456789") != std::string::npos) {
      return false;
    }
    copy_.take_bookmark(kind_, std::stoull(version));
  } else if (!resource) {
    return false;
  } else if (type == "DELETED") {
    copy_.take_removal(kind_, std::move(*resource));
  } else {
    copy_.take(kind_, std::move(*resource));
  }
  moved_();
  return true;
}

}  // namespace postern::proxy::access
