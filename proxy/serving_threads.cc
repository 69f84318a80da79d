#include "proxy/serving_threads.h"

#include "proxy/available_cpus.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

namespace postern::proxy {
namespace {

void count_refusal(Metrics& metrics, ListenerHooks::Refusal refusal) {
  switch (refusal) {
    case ListenerHooks::Refusal::kTooMany:
      return metrics.connection_rejected(RejectReason::kTotalLimit);
    case ListenerHooks::Refusal::kTooManyFromAddress:
      return metrics.connection_rejected(RejectReason::kAddressLimit);
    case ListenerHooks::Refusal::kTooManyHandshakes:
    case ListenerHooks::Refusal::kNoResources:
      return metrics.connection_rejected(RejectReason::kResources);
  }
}

std::string to_string(const asio::ip::tcp::endpoint& at) {
  return ListenAddress{at.address().to_string(), at.port()}.to_string();
}

}  // namespace

ServingThreads::ServingThreads(const ProxyConfiguration& configuration, Worker& control,
                               Metrics& metrics, Log& log)
    : configuration_(configuration),
      control_(control),
      metrics_(metrics),
      log_(log),
      drained_(control.executor()) {}

ListenerHooks ServingThreads::listener_hooks() {
  ListenerHooks hooks;
  hooks.on_refusal = [this](ListenerHooks::Refusal refusal) { count_refusal(metrics_, refusal); };
  hooks.hold_handshake = [this] {
    return std::make_shared<GaugeHold>(metrics_.connection(ConnectionState::kHandshake));
  };
  hooks.on_handshake_failure = [this](const asio::ip::tcp::endpoint& peer,
                                      const TlsFailure& failure) {
    metrics_.tls_handshake_error();
    const std::string address = peer.address().to_string();
    log_.write_limited(address, LogLevel::kDebug, "TLS handshake failed",
                       {{"peer", address}, {"why", failure.detail}});
  };
  hooks.on_bug = [this](const std::string& what) {
    log_.error("a connection ended by a mistake in postern", {{"what", what}});
  };
  return hooks;
}

/// `address` has been checked with the configuration.
ListenerOptions ServingThreads::listener_options(const std::string& address,
                                                 const TlsServerSnapshot* tls,
                                                 std::shared_ptr<ConnectionCounter> counter) {
  ListenerOptions options;
  const auto at = parse_listen_address(address).value_or(ListenAddress());
  options.endpoint = {asio::ip::make_address(at.host), at.port};
  options.tls = tls;
  options.handshake_timeout = configuration_.limits.handshake_timeout;
  options.counter = std::move(counter);
  options.hooks = listener_hooks();
  return options;
}

Loaded<void> ServingThreads::open(const SharedState& shared,
                                  const std::vector<KubeCluster>& clusters,
                                  const std::vector<std::unique_ptr<Discovery>>& discoveries,
                                  const TlsServerSnapshot& tls) {
  const auto counter = std::make_shared<ConnectionCounter>(
      ConnectionLimits{.total = configuration_.limits.max_connections,
                       .per_address = configuration_.limits.max_connections_per_address});
  const std::size_t workers =
      configuration_.workers > 0 ? configuration_.workers : available_cpus();
  for (std::size_t i = 0; i < workers; ++i) {
    std::optional<ListenerOptions> loopback;
    if (!configuration_.loopback_listen.empty()) {
      loopback = listener_options(configuration_.loopback_listen, nullptr, counter);
    }
    threads_.push_back(std::make_unique<ServingThread>(
        i + 1, shared, clusters, discoveries,
        listener_options(configuration_.listen, &tls, counter), std::move(loopback)));
    const auto opened = threads_[i]->open(i == 0 ? nullptr : threads_[0].get());
    if (!opened) {
      const auto& [key, why] = opened.error();
      return tl::unexpected(ConfigErrors{{"", 0, 0, key, why}});
    }
  }
  return {};
}

void ServingThreads::start() {
  for (const auto& thread : threads_) {
    thread->start();
  }
}

Task<void> ServingThreads::drain() {
  running_ = threads_.size();
  for (const auto& thread : threads_) {
    thread->drain(configuration_.drain, [this] {
      control_.post([this] {
        if (--running_ == 0) drained_.set();
      });
    });
  }
  co_await drained_.wait();
}

void ServingThreads::hurry() {
  for (const auto& thread : threads_) {
    thread->hurry();
  }
}

void ServingThreads::join() {
  for (const auto& thread : threads_) {
    thread->join();
  }
}

bool ServingThreads::all_ended() const {
  return std::all_of(threads_.begin(), threads_.end(),
                     [](const auto& thread) { return thread->all_ended(); });
}

bool ServingThreads::stuck(std::chrono::seconds limit) const {
  return std::any_of(threads_.begin(), threads_.end(), [limit](const auto& thread) {
    return Clock::now() - thread->last_turn() > limit;
  });
}

std::string ServingThreads::listen_address() const {
  return to_string(threads_.front()->listener().endpoint());
}

std::string ServingThreads::local_address() const {
  const asio::ip::tcp::endpoint at = threads_.front()->listener().endpoint();
  return at.address().is_unspecified() ? ListenAddress{"127.0.0.1", at.port()}.to_string()
                                       : to_string(at);
}

std::string ServingThreads::loopback_address() const {
  const auto at = threads_.front()->loopback_endpoint();
  return at ? to_string(*at) : std::string();
}

}  // namespace postern::proxy
