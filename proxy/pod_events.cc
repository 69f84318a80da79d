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
                     const SelfCheckBoard& board, Log& log, Options options)
    : worker_(worker),
      pool_(std::move(pool)),
      pod_(std::move(pod)),
      board_(board),
      log_(log),
      options_(options),
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
  worker_.post([this] {
    news_ = true;
    if (resting_) pause_.cancel();
  });
}

Task<void> PodEvents::post_in_turn() {
  while (!stopping_) {
    news_ = false;
    const bool all_told = co_await post_news();
    if (!news_ && !stopping_) {
      resting_ = true;
      co_await rest(all_told ? options_.again : options_.retry);
      resting_ = false;
    }
    // More may come with what has come.
    if (news_ && !stopping_) co_await rest(options_.least);
  }
}

Task<void> PodEvents::rest(std::chrono::milliseconds time) {
  pause_.expires_after(time);
  const auto [cut_short] = co_await pause_.async_wait(kAwait);
  static_cast<void>(cut_short);
}

/// What is over, and what is to be told again.
void PodEvents::forget(const std::vector<Problem>& problems) {
  const auto now = Clock::now();
  std::erase_if(posted_, [&](const Posted& one) {
    const bool lasts = std::find(problems.begin(), problems.end(), one.problem) != problems.end();
    return !lasts || now - one.when >= options_.again;
  });
}

bool PodEvents::is_told(const Problem& problem) const {
  return std::any_of(posted_.begin(), posted_.end(),
                     [&](const Posted& one) { return one.problem == problem; });
}

/// Whether everything has been told.
Task<bool> PodEvents::post_news() {
  const std::vector<Problem> problems = board_.problems();
  is_over_ = problems.empty() && (is_over_ || !posted_.empty());
  forget(problems);
  for (const Problem& problem : problems) {
    if (is_told(problem)) continue;
    const bool done = co_await post(problem, true);
    if (!done) co_return false;
    posted_.push_back({problem, Clock::now()});
  }
  if (!is_over_) co_return true;
  const bool done =
      co_await post({"SelfCheckPassed", "everything that the self-check had found is over"}, false);
  is_over_ = !done;
  co_return done;
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
