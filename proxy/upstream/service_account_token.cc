#include "proxy/upstream/service_account_token.h"

#include "proxy/net/remote_wait.h"
#include "proxy/observe/metrics.h"
#include "proxy/upstream/server_time.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

// Tested by tests/proxy/upstream/service_account_token_test.cc
namespace postern::proxy {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kMaxBytes = 256 * 1024;

struct IssuedToken {
  std::string token;
  seconds lifetime{0};
};

std::string request_body(seconds lifetime) {
  return json{{"apiVersion", "authentication.k8s.io/v1"},
              {"kind", "TokenRequest"},
              {"spec", {{"audiences", json::array()}, {"expirationSeconds", lifetime.count()}}}}
      .dump();
}

/// How long the token lives by the server's own clock: what it granted may be less than was asked
/// for.
seconds granted_lifetime(const json& answer, const std::string& date, seconds asked) {
  seconds granted = asked;
  const json::json_pointer in_spec("/spec/expirationSeconds");
  if (answer.contains(in_spec) && answer.at(in_spec).is_number_integer()) {
    granted = std::min(granted, seconds(answer.at(in_spec).get<std::int64_t>()));
  }
  const json::json_pointer in_status("/status/expirationTimestamp");
  if (answer.contains(in_status) && answer.at(in_status).is_string()) {
    const auto ends = parse_kube_time(answer.at(in_status).get<std::string>());
    const auto now = parse_http_date(date);
    if (ends && now) granted = std::min(granted, std::chrono::floor<seconds>(*ends - *now));
  }
  return std::max(granted, seconds(1));
}

Result<IssuedToken> read_answer(const FetchedResponse& answer, seconds asked) {
  const auto refuse = [](std::string why) { return fail(kube::Status::bad_gateway(why)); };
  const json document = json::parse(answer.body, nullptr, false);
  if (answer.status != 200 && answer.status != 201) {
    const bool told = document.is_object() && document.value("message", json()).is_string();
    return refuse("the API server answered " + std::to_string(answer.status) +
                  (told ? ": " + document["message"].get<std::string>() : std::string()));
  }
  const json::json_pointer place("/status/token");
  const bool has_token =
      document.is_object() && document.contains(place) && document.at(place).is_string();
  if (!has_token) return refuse("the API server's answer has no token");
  return IssuedToken{document.at(place).get<std::string>(),
                     granted_lifetime(document, answer.date, asked)};
}

}  // namespace

/// Everything but `fault` belongs to the worker.
struct ServiceAccountToken::Impl {
  Impl(Worker& on, ClusterEndpoints to, UpstreamTimeouts timeouts, Options with, UpstreamHooks told)
      : worker(on),
        endpoints(std::move(to)),
        options(std::move(with)),
        hooks(std::move(told)),
        pool(on, endpoints.own, timeouts, hooks),
        pause(on.executor()) {}

  std::string path() const {
    return "/api/v1/namespaces/" + options.namespace_ + "/serviceaccounts/" + options.name +
           "/token";
  }
  std::string account() const { return options.namespace_ + "/" + options.name; }
  void note(const Result<IssuedToken>& outcome);
  milliseconds next_pause() const;
  void join(const std::shared_ptr<RemoteWait>& wait, const std::string& refused);
  void wake_all();

  Worker& worker;
  ClusterEndpoints endpoints;
  Options options;
  UpstreamHooks hooks;
  UpstreamPool pool;
  Timer pause;
  bool running = false;
  bool stopping = false;
  bool asking = false;
  unsigned failures_in_a_row = 0;
  seconds lifetime{0};  ///< of the token in use
  Clock::time_point asked_at;
  std::vector<std::shared_ptr<RemoteWait>> waiting;
  Snapshot<std::string> fault;
};

void ServiceAccountToken::Impl::note(const Result<IssuedToken>& outcome) {
  Result<void> taken;
  if (!outcome) {
    taken = fail(outcome.error());
  } else if (auto fits = endpoints.impersonating->take_token(outcome->token); !fits) {
    taken = fail(kube::Status::bad_gateway(fits.error().front().to_string()));
  }
  if (taken) {
    if (failures_in_a_row > 0 && hooks.log) {
      hooks.log(LogLevel::kInfo, "there is a token of the service account " + account() + " again");
    }
    failures_in_a_row = 0;
    lifetime = outcome->lifetime;
    fault.publish(nullptr);
    return;
  }
  ++failures_in_a_row;
  const std::string why =
      "no token of the service account " + account() + ": " + taken.error().message;
  if (failures_in_a_row == 1 && hooks.log) hooks.log(LogLevel::kWarn, why);
  fault.publish(std::make_shared<const std::string>(why));
}

milliseconds ServiceAccountToken::Impl::next_pause() const {
  if (failures_in_a_row == 0) return std::chrono::duration_cast<milliseconds>(lifetime) * 8 / 10;
  return std::min(options.last_retry,
                  options.first_retry * (1U << std::min(failures_in_a_row - 1, 10U)));
}

void ServiceAccountToken::Impl::wake_all() {
  for (const auto& wait : std::exchange(waiting, {})) wake(wait);
}

/// A token that has just been got is not replaced: it would be refused for another reason.
void ServiceAccountToken::Impl::join(const std::shared_ptr<RemoteWait>& wait,
                                     const std::string& refused) {
  const bool other = endpoints.impersonating->access()->authorization != refused;
  const bool just_got = Clock::now() - asked_at < options.least_age;
  if (stopping || other || (just_got && !asking)) return wake(wait);
  waiting.push_back(wait);
  if (!asking) pause.cancel();
}

namespace {

template <typename Impl>
Task<Result<IssuedToken>> request_token(Impl& impl) {
  const auto answer =
      co_await fetch(impl.pool, "POST", impl.path(),
                     {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                     request_body(impl.options.lifetime), kMaxBytes);
  if (!answer) co_return fail(answer.error());
  co_return read_answer(*answer, impl.options.lifetime);
}

template <typename Impl>
Task<void> renew_in_turn(std::shared_ptr<Impl> impl) {
  while (!impl->stopping) {
    Result<IssuedToken> outcome = fail(kube::Status::internal("an error of postern's own"));
    impl->asking = true;
    try {
      outcome = co_await request_token(*impl);
    } catch (const std::exception&) {  // a bug; it is told as the failure that it is
    }
    impl->asking = false;
    impl->asked_at = Clock::now();
    impl->note(outcome);
    impl->wake_all();
    if (impl->stopping) break;
    impl->pause.expires_after(impl->next_pause());
    const auto [error] = co_await impl->pause.async_wait(kAwait);
    static_cast<void>(error);
  }
  impl->running = false;
}

}  // namespace

ServiceAccountToken::ServiceAccountToken(Worker& worker, ClusterEndpoints endpoints,
                                         UpstreamTimeouts timeouts, Options options,
                                         UpstreamHooks hooks)
    : impl_(std::make_shared<Impl>(worker, std::move(endpoints), timeouts, std::move(options),
                                   std::move(hooks))) {}
ServiceAccountToken::~ServiceAccountToken() = default;

void ServiceAccountToken::start() {
  impl_->worker.post([impl = impl_] {
    if (std::exchange(impl->running, true)) return;
    impl->stopping = false;
    asio::co_spawn(impl->worker.executor(), renew_in_turn(impl), asio::detached);
  });
}

void ServiceAccountToken::stop() {
  impl_->worker.post([impl = impl_] {
    impl->stopping = true;
    impl->pause.cancel();
    impl->wake_all();
    impl->pool.close_idle(true);
  });
}

Task<void> ServiceAccountToken::renew(Worker& caller, std::string refused) {
  const std::shared_ptr<Impl> impl = impl_;
  Event done(caller.executor());
  const auto wait = std::make_shared<RemoteWait>(caller, &done);
  const RemoteWaitGuard guard(wait);
  impl->worker.post([impl, wait, refused = std::move(refused)] { impl->join(wait, refused); });
  co_await done.wait();
}

std::optional<std::string> ServiceAccountToken::fault() const {
  const auto why = impl_->fault.load();
  return why == nullptr ? std::nullopt : std::optional<std::string>(*why);
}

}  // namespace postern::proxy
