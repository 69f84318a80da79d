#include "proxy/self_check.h"

#include "proxy/needed_rights.h"
#include "proxy/upstream/server_time.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <exception>
#include <iterator>
#include <utility>

// Tested by tests/proxy/self_check_test.cc
namespace postern::proxy {
namespace {

using std::chrono::system_clock;

constexpr std::size_t kMaxBytes = 256 * 1024;
constexpr std::chrono::hours kEndsSoon{24};
constexpr std::chrono::milliseconds kTokenLook{100};
constexpr int kTokenLooks = 30;

UpstreamTimeouts timeouts_of(const UpstreamConfiguration& upstream) {
  return {.connect = upstream.connect_timeout, .first_byte = upstream.first_byte_timeout};
}

void add(std::vector<Problem> more, std::vector<Problem>& found) {
  std::move(more.begin(), more.end(), std::back_inserter(found));
}

}  // namespace

std::vector<Problem> rights_problems(const std::vector<MissingRight>& missing,
                                     const std::string& account, const std::string& cluster) {
  std::vector<Problem> found;
  for (const MissingRight& right : missing) {
    found.push_back({"RightMissing", "cluster " + cluster + ": " + right.sentence(account)});
  }
  return found;
}

std::optional<Problem> clock_problem(const std::string& cluster, system_clock::time_point own,
                                     system_clock::time_point server,
                                     std::chrono::seconds tolerance) {
  const auto ahead = std::chrono::duration_cast<std::chrono::seconds>(own - server);
  if (ahead <= tolerance && -ahead <= tolerance) return std::nullopt;
  const bool fast = ahead.count() > 0;
  return Problem{
      "ClockSkew",
      "the clock of this host is " + std::to_string(fast ? ahead.count() : -ahead.count()) + " s " +
          (fast ? "ahead of" : "behind") + " that of the API server of cluster " + cluster +
          ": tokens, certificates and the ends of approvals count by the wrong time"};
}

std::vector<Problem> store_problems(std::optional<std::string> fault) {
  if (!fault) return {};
  return {{"StoreUnavailable", "the store of access requests: " + std::move(*fault)}};
}

std::vector<Problem> certificate_problems(const Metrics& metrics, system_clock::time_point now) {
  std::vector<Problem> found;
  for (const auto& [use, ends] : metrics.certificate_ends()) {
    if (ends <= now) {
      found.push_back({"CertificateExpired",
                       "the certificate in use as " + use + " has ended at " + kube_time(ends)});
    } else if (ends - now < kEndsSoon) {
      found.push_back({"CertificateExpires",
                       "the certificate in use as " + use + " ends at " + kube_time(ends)});
    }
  }
  return found;
}

ClusterSelfCheck::ClusterSelfCheck(Worker& worker, const ProxyConfiguration& configuration,
                                   const KubeClusterConfiguration& cluster,
                                   const ClusterEndpoints& endpoints, const UpstreamHooks& hooks,
                                   const Snapshot<rbac::Policy>& policy, SelfCheckBoard& board,
                                   Options options)
    : configuration_(configuration),
      cluster_(cluster),
      policy_(policy),
      board_(board),
      options_(options),
      worker_(worker),
      own_pool_(worker, endpoints.own, timeouts_of(configuration.upstream), hooks),
      impersonating_pool_(worker, endpoints.impersonating, timeouts_of(configuration.upstream),
                          hooks),
      pause_(worker.executor()) {}

void ClusterSelfCheck::start() {
  asio::co_spawn(worker_.executor(), check_in_turn(), asio::detached);
}

void ClusterSelfCheck::stop() {
  stopping_ = true;
  pause_.cancel();
  own_pool_.close_idle(true);
  impersonating_pool_.close_idle(true);
}

Task<void> ClusterSelfCheck::check_in_turn() {
  while (!stopping_) {
    auto found = co_await check();
    if (stopping_) break;
    const bool well = found.empty();
    board_.report(cluster_.name, std::move(found));
    pause_.expires_after(well ? options_.when_well : options_.when_not);
    const auto [error] = co_await pause_.async_wait(kAwait);
    static_cast<void>(error);
  }
}

Task<std::vector<Problem>> ClusterSelfCheck::check() {
  std::vector<Problem> found;
  const bool answers = co_await check_server(found);
  if (!answers) co_return found;
  co_await check_own_rights(found);
  co_await check_impersonation(found);
  co_return found;
}

/// False when there is nobody to ask further.
Task<bool> ClusterSelfCheck::check_server(std::vector<Problem>& found) {
  const auto asked = system_clock::now();
  const auto answer =
      co_await fetch(own_pool_, "GET", "/version", {{"Accept", "application/json"}}, "", kMaxBytes);
  if (!answer) {
    found.push_back({"APIServerUnavailable", "the API server of cluster " + cluster_.name + " at " +
                                                 own_pool_.endpoint().host_header() + ": " +
                                                 answer.error().message});
    co_return false;
  }
  // Its clock was read somewhere between the two readings of ours.
  const auto between = asked + (system_clock::now() - asked) / 2;
  if (const auto server = parse_http_date(answer->date)) {
    if (auto problem = clock_problem(cluster_.name, between, *server, options_.skew)) {
      found.push_back(std::move(*problem));
    }
  }
  co_return true;
}

void ClusterSelfCheck::note_unasked(const kube::Status& why, std::vector<Problem>& found) const {
  found.push_back(
      {"RightsUnknown", "cluster " + cluster_.name +
                            ": whether postern has its rights cannot be asked: " + why.message});
}

Task<void> ClusterSelfCheck::check_own_rights(std::vector<Problem>& found) {
  const auto missing = co_await missing_rights(own_pool_, own_rights(configuration_, cluster_));
  if (!missing) {
    note_unasked(missing.error(), found);
  } else {
    add(rights_problems(*missing, "postern's own identity", cluster_.name), found);
  }
}

/// The impersonator's first token takes a moment at start.
Task<void> ClusterSelfCheck::wait_for_token() {
  const ClusterEndpoint& endpoint = impersonating_pool_.endpoint();
  for (int i = 0; i < kTokenLooks && endpoint.needs_issued_token() &&
                  !endpoint.access()->authorization && !stopping_;
       ++i) {
    pause_.expires_after(kTokenLook);
    const auto [error] = co_await pause_.async_wait(kAwait);
    static_cast<void>(error);
  }
}

Task<void> ClusterSelfCheck::check_impersonation(std::vector<Problem>& found) {
  co_await wait_for_token();
  const auto policy = policy_.load();
  const auto missing = co_await missing_impersonation(
      impersonating_pool_, policy == nullptr ? NeededImpersonation() : impersonation_of(*policy));
  if (!missing) {
    note_unasked(missing.error(), found);
  } else {
    add(rights_problems(*missing, impersonating_account(cluster_), cluster_.name), found);
  }
}

}  // namespace postern::proxy
