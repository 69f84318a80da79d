#include "proxy/access/kubernetes/lease_holder.h"

#include "proxy/access/kubernetes/api_client.h"
#include "proxy/net/worker.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <nlohmann/json.hpp>
#include <utility>

// Tested by tests/proxy/access/kubernetes/lease_holder_test.cc and
// tests/e2e/test_store_kubernetes.py
namespace postern::proxy::access {
namespace {

using nlohmann::json;

/// metav1.MicroTime.
std::string micro_time_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
  const auto whole = static_cast<std::time_t>(micros / 1'000'000);
  std::tm parts{};
  ::gmtime_r(&whole, &parts);
  std::array<char, 64> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::string fraction = std::to_string(micros % 1'000'000);
  fraction.insert(0, 6 - fraction.size(), '0');
  return std::string(text.data(), size) + "." + fraction + "Z";
}

/// The API server takes whole ones, at least one.
std::int64_t whole_seconds(std::chrono::milliseconds duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  return std::max<std::int64_t>(seconds, 1);
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

LeaseHolder::LeaseHolder(UpstreamPool& pool, Options options)
    : pool_(pool), options_(std::move(options)), last_change_(Clock::now()) {}

std::string LeaseHolder::path() const {
  return "/apis/coordination.k8s.io/v1/namespaces/" + options_.in_namespace + "/leases";
}

bool LeaseHolder::held() const {
  return Clock::now().time_since_epoch().count() < held_until_.load(std::memory_order_relaxed);
}

std::optional<std::string> LeaseHolder::fault() const {
  const std::lock_guard lock(mutex_);
  return fault_;
}

void LeaseHolder::note(const Result<void>& outcome) {
  const std::lock_guard lock(mutex_);
  fault_.reset();
  if (outcome) return;
  fault_ =
      "the lease " + options_.in_namespace + "/" + options_.name + ": " + outcome.error().message;
}

void LeaseHolder::set_held(bool held) {
  const auto until = held ? (Clock::now() + options_.renew_deadline).time_since_epoch().count() : 0;
  held_until_.store(until, std::memory_order_relaxed);
}

Task<Result<std::optional<LeaseHolder::Seen>>> LeaseHolder::read() {
  auto body = co_await call_api(pool_, "GET", path() + "/" + options_.name, "");
  if (!body) {
    if (body.error().code == 404) co_return std::optional<Seen>();
    co_return fail(std::move(body.error()));
  }
  const json lease = json::parse(*body, nullptr, false);
  if (!lease.is_object()) co_return fail(kube::Status::bad_gateway("the answer is no lease"));
  const json spec = lease.value("spec", json::object());
  const json metadata = lease.value("metadata", json::object());
  Seen seen;
  seen.holder = text_of(spec, "holderIdentity");
  seen.renewed = text_of(spec, "renewTime");
  seen.acquired = text_of(spec, "acquireTime");
  seen.version = text_of(metadata, "resourceVersion");
  const auto transitions = spec.find("leaseTransitions");
  if (transitions != spec.end() && transitions->is_number_integer()) {
    seen.transitions = transitions->get<int>();
  }
  co_return std::optional<Seen>(std::move(seen));
}

Task<Result<void>> LeaseHolder::write(const std::optional<Seen>& before, std::string holder) {
  const std::string now = micro_time_now();
  const bool same = before && before->holder == holder;
  json metadata{{"name", options_.name}, {"namespace", options_.in_namespace}};
  if (before) metadata["resourceVersion"] = before->version;
  json spec{{"holderIdentity", holder},
            {"leaseDurationSeconds", holder.empty() ? 1 : whole_seconds(options_.duration)},
            {"acquireTime", same ? before->acquired : now},
            {"renewTime", now},
            {"leaseTransitions", before ? before->transitions + (same ? 0 : 1) : 0}};
  const json lease{{"apiVersion", "coordination.k8s.io/v1"},
                   {"kind", "Lease"},
                   {"metadata", std::move(metadata)},
                   {"spec", std::move(spec)}};
  const std::string method = before ? "PUT" : "POST";
  const std::string target = before ? path() + "/" + options_.name : path();
  const auto done = co_await call_api(pool_, method, target, lease.dump());
  if (!done) co_return fail(done.error());
  co_return Result<void>();
}

Task<void> LeaseHolder::step() {
  const auto seen = co_await read();
  if (!seen) {
    note(fail(seen.error()));
    co_return;
  }
  pulse_.beat();
  if (*seen) {
    const std::string state = (*seen)->holder + '\n' + (*seen)->renewed;
    if (state != last_seen_) last_change_ = Clock::now();
    last_seen_ = state;
    const bool of_another = !(*seen)->holder.empty() && (*seen)->holder != options_.identity;
    if (of_another && Clock::now() - last_change_ < options_.duration) {
      set_held(false);
      note(Result<void>());
      co_return;
    }
  }
  const auto written = co_await write(*seen, options_.identity);
  if (written) set_held(true);
  // 409: another one was faster.
  note(written || written.error().code == 409 ? Result<void>() : written);
}

Task<void> LeaseHolder::run() {
  Timer timer(pool_.worker().executor());
  for (;;) {
    co_await step();
    const bool held_now = held();
    if (held_now != told_held_ && options_.changed) options_.changed(held_now);
    told_held_ = held_now;
    timer.expires_after(options_.retry_period);
    const auto [error] = co_await timer.async_wait(kAwait);
    if (error) co_return;
  }
}

Task<void> LeaseHolder::release() {
  if (!held()) co_return;
  set_held(false);
  const auto seen = co_await read();
  if (!seen || !*seen || (*seen)->holder != options_.identity) co_return;
  const auto written = co_await write(*seen, "");
  static_cast<void>(written);
}

}  // namespace postern::proxy::access
