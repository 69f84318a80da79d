#include "proxy/pod_events.h"

#include "proxy/crypto/base64url.h"
#include "proxy/upstream/server_time.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <utility>

// Tested by tests/proxy/pod_events_test.cc
namespace postern::proxy {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxBytes = 256 * 1024;
constexpr std::size_t kMaxMessage = 1024;  ///< of an event, apiserver validation
constexpr std::chrono::minutes kAgain{30};
/// Between two looks at the board: what flaps makes no flood.
constexpr std::chrono::seconds kLeastPause{5};

std::string from_environment(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? "" : value;
}

std::string text_at(const json& document, const char* pointer) {
  const json::json_pointer place(pointer);
  if (!document.is_object() || !document.contains(place)) return "";
  const json& value = document.at(place);
  return value.is_string() ? value.get<std::string>() : "";
}

/// What a token of our own says; nobody but us is told by it.
json claims_of(const std::string& authorization) {
  const std::size_t first = authorization.find('.');
  const std::size_t second = authorization.find('.', std::min(first, authorization.size() - 1) + 1);
  if (first == std::string::npos || second == std::string::npos) return nullptr;
  const auto payload =
      base64url_decode(std::string_view(authorization).substr(first + 1, second - first - 1));
  return payload ? json::parse(*payload, nullptr, false) : json(nullptr);
}

}  // namespace

std::optional<PodIdentity> pod_identity(const std::string& authorization) {
  const json claims = authorization.empty() ? json(nullptr) : claims_of(authorization);
  const auto either = [&claims](const char* variable, const char* claim) {
    std::string value = from_environment(variable);
    return value.empty() ? text_at(claims, claim) : value;
  };
  PodIdentity pod{either("POD_NAMESPACE", "/kubernetes.io/namespace"),
                  either("POD_NAME", "/kubernetes.io/pod/name"),
                  either("POD_UID", "/kubernetes.io/pod/uid")};
  if (pod.namespace_.empty() || pod.name.empty()) return std::nullopt;
  return pod;
}

std::string event_body(const PodIdentity& pod, const Problem& problem, bool is_warning,
                       std::chrono::system_clock::time_point now) {
  const std::string time = kube_time(now);
  json about = {
      {"apiVersion", "v1"}, {"kind", "Pod"}, {"namespace", pod.namespace_}, {"name", pod.name}};
  if (!pod.uid.empty()) about["uid"] = pod.uid;
  return json{{"apiVersion", "v1"},
              {"kind", "Event"},
              {"metadata", {{"generateName", pod.name + "."}, {"namespace", pod.namespace_}}},
              {"involvedObject", std::move(about)},
              {"reason", problem.reason},
              {"message", problem.message.substr(0, kMaxMessage)},
              {"type", is_warning ? "Warning" : "Normal"},
              {"source", {{"component", "postern"}}},
              {"reportingComponent", "postern"},
              {"reportingInstance", pod.name},
              {"firstTimestamp", time},
              {"lastTimestamp", time},
              {"count", 1}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

PodEvents::PodEvents(Worker& worker, std::unique_ptr<UpstreamPool> pool, PodIdentity pod,
                     const SelfCheckBoard& board, Log& log)
    : worker_(worker),
      pool_(std::move(pool)),
      pod_(std::move(pod)),
      board_(board),
      log_(log),
      pause_(worker.executor()) {}

void PodEvents::start() {
  asio::co_spawn(worker_.executor(), post_in_turn(), asio::detached);
}

void PodEvents::stop() {
  stopping_ = true;
  pause_.cancel();
  pool_->close_idle(true);
}

void PodEvents::post_soon() {
  worker_.post([this] { pause_.cancel(); });
}

Task<void> PodEvents::post_in_turn() {
  while (!stopping_) {
    co_await post_news();
    if (stopping_) break;
    pause_.expires_after(kAgain);
    auto [changed] = co_await pause_.async_wait(kAwait);
    if (!changed || stopping_) continue;
    // Woken by a change; more may come with it.
    pause_.expires_after(kLeastPause);
    auto [error] = co_await pause_.async_wait(kAwait);
    static_cast<void>(error);
  }
}

Task<void> PodEvents::post_news() {
  const std::vector<Problem> problems = board_.problems();
  const bool had_some = !posted_.empty();
  const auto now = Clock::now();
  std::erase_if(posted_, [&](const Posted& one) {
    const bool lasts = std::find(problems.begin(), problems.end(), one.problem) != problems.end();
    return !lasts || now - one.when >= kAgain;
  });
  for (const Problem& problem : problems) {
    const bool is_told = std::any_of(posted_.begin(), posted_.end(),
                                     [&](const Posted& one) { return one.problem == problem; });
    if (is_told) continue;
    const bool done = co_await post(problem, true);
    if (!done) co_return;
    posted_.push_back({problem, now});
  }
  if (had_some && problems.empty()) {
    co_await post({"SelfCheckPassed", "everything that the self-check had found is over"}, false);
  }
}

Task<bool> PodEvents::post(Problem problem, bool is_warning) {
  const auto answer = co_await fetch(
      *pool_, "POST", "/api/v1/namespaces/" + pod_.namespace_ + "/events",
      {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
      event_body(pod_, problem, is_warning, std::chrono::system_clock::now()), kMaxBytes);
  const bool done = answer && answer->status >= 200 && answer->status < 300;
  if (!done && !std::exchange(complained_, true)) {
    log_.info("events of postern's own pod cannot be written",
              {{"pod", pod_.namespace_ + "/" + pod_.name},
               {"why", answer ? "the API server answered " + std::to_string(answer->status)
                              : answer.error().message}});
  }
  co_return done;
}

}  // namespace postern::proxy
