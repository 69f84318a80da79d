#include "proxy/access/kubernetes/kind_watcher.h"

#include "proxy/observe/metrics.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>
#include <utility>

// Tested by tests/e2e/test_store_kubernetes.py
namespace postern::proxy::access {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

constexpr int kFirstPause = 200;
constexpr int kLongestPause = 5000;

int random_between(int least, int most) {
  thread_local std::mt19937 random(std::random_device{}());
  return std::uniform_int_distribution<int>(least, most)(random);
}

/// As client-go's reflector: five to ten minutes, so that servers are not asked all at once.
std::string with_timeout(std::string target) {
  return std::move(target) + "&timeoutSeconds=" + std::to_string(random_between(300, 600));
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
                         std::function<void()> moved)
    : client_(client), copy_(copy), kind_(kind), moved_(std::move(moved)), stream_(pulse_) {}

std::optional<std::string> KindWatcher::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void KindWatcher::note(const std::optional<kube::Status>& error) {
  failures_ = error ? failures_ + 1 : 0;
  const std::lock_guard lock(mutex_);
  fault_.reset();
  if (error) fault_ = explained(copy_.kinds()[kind_], client_.in_namespace(), *error);
}

Task<void> KindWatcher::pause() {
  const int most = std::min(kLongestPause, kFirstPause << std::min(failures_, 5U));
  Timer timer(client_.pool().worker().executor());
  timer.expires_after(milliseconds(random_between(most / 2, most)));
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
    if (must_list_) {
      const auto listed = co_await list(true);
      if (listed) {
        must_list_ = false;
        pulse_.beat();
        note(std::nullopt);
      } else {
        note(listed.error());
        co_await pause();
        continue;
      }
    }
    co_await watch();
  }
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
  if (outcome.end == WatchEnd::kExpired) {
    must_list_ = true;
    const UpstreamHooks& hooks = client_.pool().hooks();
    if (hooks.log) {
      hooks.log(LogLevel::kInfo, kind.resource + "." + std::string(kStoreGroup) +
                                     ": the API server no longer knows where the watch was; it is "
                                     "listed anew");
    }
  } else if (outcome.end == WatchEnd::kFailed) {
    // A kind or a right may have gone: the list says it in full.
    must_list_ = outcome.error.code == 403 || outcome.error.code == 404;
    note(outcome.error);
    co_await pause();
    co_return;
  }
  note(std::nullopt);
  // A server that ends watches at once must not be asked without a pause.
  if (Clock::now() - began < std::chrono::seconds(1)) co_await pause();
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
