#include "proxy/server.h"

#include "proxy/access_runtime.h"
#include "proxy/admin_server.h"
#include "proxy/audit_runtime.h"
#include "proxy/check_config.h"
#include "proxy/cluster_client_ca.h"
#include "proxy/kube_clusters.h"
#include "proxy/kubernetes_storage.h"
#include "proxy/live_files.h"
#include "proxy/observe/version.h"
#include "proxy/pod_events.h"
#include "proxy/self_check.h"
#include "proxy/serving_thread.h"
#include "proxy/upstream/cluster_probe.h"
#include "proxy/upstream/service_account_token.h"
#include "rbac/request/sha256.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <sys/resource.h>
#include <sys/stat.h>
#include <thread>
#include <utility>
#include <vector>

namespace postern::proxy {
namespace {

constexpr std::chrono::seconds kStuckAfter{30};
constexpr std::chrono::minutes kCertificateCheck{1};

ClientLimits limits_of(const LimitsConfiguration& limits) {
  ClientLimits client;
  client.head = {.max_bytes = limits.head_bytes, .max_fields = limits.head_fields};
  client.head_time = limits.head_timeout;
  client.idle_time = limits.idle_timeout;
  client.stall_time = limits.stall_timeout;
  client.body_bytes = limits.decision_body_bytes;
  client.drain_bytes = limits.discard_bytes;
  return client;
}

UpstreamTimeouts timeouts_of(const UpstreamConfiguration& upstream) {
  return {.connect = upstream.connect_timeout, .first_byte = upstream.first_byte_timeout};
}

std::optional<TokenReviewer::Options> token_review_of(
    const AuthenticationConfiguration& authentication) {
  if (!authentication.token_review) return std::nullopt;
  const TokenReviewConfiguration& review = *authentication.token_review;
  TokenReviewer::Options options;
  options.rules = {
      review.kube_cluster, review.audiences, {review.prefix.users, review.prefix.groups}};
  options.cache.ttl = review.cache_ttl;
  options.cache.refusal_ttl = review.cache_ttl / 5;
  return options;
}

/// As many descriptors as the system lets us have: each client takes two.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
}

Loaded<void> make_data_directory(const std::string& path) {
  std::error_code error;
  if (std::filesystem::create_directories(path, error)) {
    ::chmod(path.c_str(), 0700);
  }
  if (error) {
    return tl::unexpected(ConfigErrors{{path, 0, 0, "dataDir", error.message()}});
  }
  return {};
}

/// Everything that runs, made in the order of dependence, so that it ends in the reverse order.
class ProxyServer {
 public:
  explicit ProxyServer(const ProxyConfiguration& configuration)
      : configuration_(configuration),
        log_({.level = static_cast<LogLevel>(configuration.logging.level),
              .format = static_cast<LogFormat>(configuration.logging.format),
              .write = {}},
             &metrics_),
        health_(&metrics_),
        board_(log_),
        audit_(configuration.audit, log_, metrics_),
        access_(configuration, log_, metrics_),
        files_(configuration, metrics_, log_),
        control_(0),
        signals_(control_.executor(), SIGTERM, SIGINT, SIGHUP),
        drain_delay_(control_.executor()),
        drained_(control_.executor()),
        certificate_check_(control_.executor()),
        admin_(metrics_, health_, log_) {}

  /// Reads everything. Nothing is served and nobody is connected to yet.
  Loaded<void> load();
  /// A signal ended it while load() waited for the store.
  bool ended_early() const { return ended_early_; }
  /// Binds, and starts every thread.
  Loaded<void> start();
  /// Until a signal and the drain after it.
  int run();

 private:
  ListenerOptions listener_options(const std::string& address, const TlsServerSnapshot* tls);
  Loaded<void> bind();
  Loaded<void> start_admin();
  Loaded<MasterKey> open_storage();
  Loaded<MasterKey> open_shared_storage();
  Task<void> prepare_storage(Loaded<void>& outcome);
  Task<void> end_on_signal();
  std::optional<std::string> store_fault() const;
  void make_discoveries();
  void make_probes();
  void make_cluster_client_ca();
  void make_impersonator_tokens();
  std::unique_ptr<UpstreamPool> own_pool(const KubeCluster& cluster);
  std::vector<access::ClusterFacts> cluster_facts() const;
  std::string own_address() const;
  std::string loopback_address() const;
  void add_health_checks();
  void add_cluster_checks();
  Task<void> handle_signals();
  Task<void> drain();
  void start_self_checks();
  void stop_self_checks();
  Task<void> check_certificates();
  void tell_start();

  const ProxyConfiguration& configuration_;
  Metrics metrics_;
  Log log_;
  HealthRegistry health_;
  SelfCheckBoard board_;
  std::optional<KubernetesStorage> storage_;
  AuditRuntime audit_;
  std::vector<KubeCluster>
      clusters_;  ///< before what calls them: a shared store does until its end
  AccessRuntime access_;
  LiveFiles files_;
  std::optional<ContinueSealer> sealer_;
  std::optional<SharedState> shared_;
  Worker control_;
  asio::basic_signal_set<Executor> signals_;
  Timer drain_delay_;
  Event drained_;
  Timer certificate_check_;
  std::size_t threads_running_ = 0;
  std::vector<std::unique_ptr<Discovery>> discoveries_;
  std::vector<std::unique_ptr<ClusterProbe>> probes_;
  std::unique_ptr<ClusterClientCA> cluster_client_ca_;  ///< nullptr: not configured
  /// Of the clusters with an `impersonator`, by their names.
  std::map<std::string, std::unique_ptr<ServiceAccountToken>> impersonator_tokens_;
  std::vector<std::unique_ptr<ClusterSelfCheck>> self_checks_;
  std::unique_ptr<PodEvents> pod_events_;  ///< nullptr: this is no pod of a cluster that is served
  std::vector<std::unique_ptr<ServingThread>> threads_;
  AdminServer admin_;
  std::string admin_address_;
  std::atomic<bool> opened_{false};   ///< the store has been read
  std::atomic<bool> started_{false};  ///< threads and discoveries are all there
  bool ended_early_ = false;
};

Loaded<void> ProxyServer::load() {
  ConfigErrors errors;
  const auto collect = [&errors](const auto& loaded) {
    if (!loaded) {
      errors.insert(errors.end(), loaded.error().begin(), loaded.error().end());
    }
    return loaded.has_value();
  };
  const bool has_directory = collect(make_data_directory(configuration_.data_dir));
  auto clusters = open_kube_clusters(configuration_, metrics_, log_);
  if (collect(clusters)) {
    clusters_ = std::move(*clusters);
  }
  // A store that is waited for is not begun with when there is nothing to wait for.
  const bool waits = configuration_.storage.type == StorageConfiguration::kKubernetes;
  if (has_directory) collect(audit_.open());
  access_.set_audit(audit_.hook());
  if (has_directory && (errors.empty() || !waits)) {
    auto master = open_storage();
    if (!collect(master) || ended_early_) {
      return tl::unexpected(std::move(errors));
    }
    sealer_.emplace(*master);
    files_.on_objects([this](access::FileObjects files) { access_.take_files(std::move(files)); });
    files_.set_sessions(access_.authenticator());
    collect(files_.load());
  }
  if (!errors.empty()) {
    return tl::unexpected(std::move(errors));
  }
  metrics_.configuration_in_force("sha256:" + rbac::request::sha256_hex(to_yaml(configuration_)));
  shared_.emplace(SharedState{.limits = limits_of(configuration_.limits),
                              .upstream_timeouts = timeouts_of(configuration_.upstream),
                              .filter_item_bytes = configuration_.limits.filter_item_bytes,
                              .default_cluster = configuration_.default_cluster,
                              .sealer = *sealer_,
                              .policy = access_.state().policy(),
                              .authenticators = files_.authenticators(),
                              .sessions = access_.state().sessions_in_force(),
                              .metrics = metrics_,
                              .log = log_,
                              .token_review = token_review_of(configuration_.authentication),
                              .loopback_hosts = configuration_.loopback_hosts,
                              .access_api = &access_.api(),
                              .audit = audit_.log()});
  return {};
}

Loaded<MasterKey> ProxyServer::open_storage() {
  if (configuration_.storage.type == StorageConfiguration::kKubernetes) {
    return open_shared_storage();
  }
  if (auto opened = access_.open(); !opened) {
    return tl::unexpected(std::move(opened.error()));
  }
  opened_ = true;
  try {
    return MasterKey::load_or_create(configuration_.data_dir + "/master.key");
  } catch (const std::runtime_error& error) {
    return tl::unexpected(ConfigErrors{{"", 0, 0, "dataDir", error.what()}});
  }
}

/// However long it takes: meanwhile health is answered, and signals end the wait.
Loaded<MasterKey> ProxyServer::open_shared_storage() {
  const auto found = std::find_if(clusters_.begin(), clusters_.end(), [this](const auto& each) {
    return each.identity.name == configuration_.storage.kube_cluster;
  });
  storage_.emplace(configuration_, found->endpoints.own, log_, metrics_, found->hooks, board_);
  if (auto admin = start_admin(); !admin) {
    return tl::unexpected(std::move(admin.error()));
  }
  Loaded<void> outcome;
  asio::co_spawn(control_.executor(), prepare_storage(outcome), asio::detached);
  asio::co_spawn(control_.executor(), end_on_signal(), asio::detached);
  control_.run();
  control_.context().restart();
  signals_.cancel();
  if (!outcome) {
    return tl::unexpected(std::move(outcome.error()));
  }
  if (!ended_early_) {
    if (auto opened = access_.open(storage_->take_store()); !opened) {
      return tl::unexpected(std::move(opened.error()));
    }
    opened_ = true;
  }
  return MasterKey(storage_->master());
}

Task<void> ProxyServer::prepare_storage(Loaded<void>& outcome) {
  outcome = co_await storage_->prepare(control_);
  control_.stop();
}

Task<void> ProxyServer::end_on_signal() {
  for (;;) {
    const auto [error, signal] = co_await signals_.async_wait(kAwait);
    if (error) {
      co_return;
    }
    if (signal != SIGHUP) {
      ended_early_ = true;
      control_.stop();
      co_return;
    }
  }
}

std::optional<std::string> ProxyServer::store_fault() const {
  if (storage_) {
    if (auto fault = storage_->fault()) return fault;
  }
  return opened_ ? access_.store_fault() : "the store has not been read yet";
}

/// `address` has been checked with the configuration.
ListenerOptions ProxyServer::listener_options(const std::string& address,
                                              const TlsServerSnapshot* tls) {
  ListenerOptions options;
  const auto at = parse_listen_address(address).value_or(ListenAddress());
  options.endpoint = {asio::ip::make_address(at.host), at.port};
  options.tls = tls;
  options.handshake_timeout = configuration_.limits.handshake_timeout;
  options.hooks.on_refusal = [this](ListenerHooks::Refusal refusal) {
    switch (refusal) {
      case ListenerHooks::Refusal::kTooMany:
        return metrics_.connection_rejected(RejectReason::kTotalLimit);
      case ListenerHooks::Refusal::kTooManyFromAddress:
        return metrics_.connection_rejected(RejectReason::kAddressLimit);
      case ListenerHooks::Refusal::kTooManyHandshakes:
      case ListenerHooks::Refusal::kNoResources:
        return metrics_.connection_rejected(RejectReason::kResources);
    }
  };
  options.hooks.hold_handshake = [this] {
    return std::make_shared<GaugeHold>(metrics_.connection(ConnectionState::kHandshake));
  };
  options.hooks.on_handshake_failure = [this](const asio::ip::tcp::endpoint& peer,
                                              const TlsFailure& failure) {
    metrics_.tls_handshake_error();
    const std::string address = peer.address().to_string();
    log_.write_limited(address, LogLevel::kDebug, "TLS handshake failed",
                       {{"peer", address}, {"why", failure.detail}});
  };
  options.hooks.on_bug = [this](const std::string& what) {
    log_.error("a connection ended by a mistake in postern", {{"what", what}});
  };
  return options;
}

void ProxyServer::make_discoveries() {
  for (const KubeCluster& cluster : clusters_) {
    DiscoveryOptions options;
    options.cluster = cluster.identity.name;
    options.interval = configuration_.upstream.discovery_interval;
    options.hooks = cluster.hooks;
    options.on_change = [this] { access_.refresh_clusters(); };
    discoveries_.push_back(std::make_unique<Discovery>(
        control_, cluster.endpoints.own, timeouts_of(configuration_.upstream), std::move(options)));
  }
}

std::unique_ptr<UpstreamPool> ProxyServer::own_pool(const KubeCluster& cluster) {
  return std::make_unique<UpstreamPool>(control_, cluster.endpoints.own,
                                        timeouts_of(configuration_.upstream), cluster.hooks);
}

void ProxyServer::make_cluster_client_ca() {
  const auto& wanted = configuration_.authentication.cluster_client_ca;
  for (const KubeCluster& cluster : clusters_) {
    if (!wanted || cluster.identity.name != wanted->kube_cluster) continue;
    ClusterClientCA::Options options;
    options.kube_cluster = wanted->kube_cluster;
    options.prefix = {wanted->prefix.users, wanted->prefix.groups};
    options.take = [this](std::shared_ptr<const ClientCA> authority) {
      files_.set_cluster_ca(std::move(authority));
    };
    cluster_client_ca_ =
        std::make_unique<ClusterClientCA>(control_, own_pool(cluster), std::move(options), log_);
  }
}

void ProxyServer::make_impersonator_tokens() {
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    const auto& impersonator = configuration_.kube_clusters[i].impersonator;
    if (!impersonator) continue;
    ServiceAccountToken::Options options;
    options.namespace_ = impersonator->namespace_;
    options.name = impersonator->service_account;
    auto token = std::make_unique<ServiceAccountToken>(control_, clusters_[i].endpoints,
                                                       timeouts_of(configuration_.upstream),
                                                       std::move(options), clusters_[i].hooks);
    clusters_[i].endpoints.impersonating->set_issuer(token.get());
    token->start();
    impersonator_tokens_[clusters_[i].identity.name] = std::move(token);
  }
}

void ProxyServer::make_probes() {
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    ClusterProbeOptions options;
    options.cluster = clusters_[i].identity.name;
    options.timeout = configuration_.upstream.connect_timeout;
    options.hooks = clusters_[i].hooks;
    options.on_change = [this, i](bool reachable) {
      if (reachable) discoveries_[i]->refresh_soon();
      access_.refresh_clusters();
    };
    probes_.push_back(
        std::make_unique<ClusterProbe>(control_, clusters_[i].endpoints.own, std::move(options)));
  }
}

Loaded<void> ProxyServer::bind() {
  const auto fail_on = [](const char* key, std::string message) {
    return tl::unexpected(ConfigErrors{{"", 0, 0, key, std::move(message)}});
  };
  auto counter = std::make_shared<ConnectionCounter>(
      ConnectionLimits{.total = configuration_.limits.max_connections,
                       .per_address = configuration_.limits.max_connections_per_address});
  const std::size_t workers = configuration_.workers > 0
                                  ? configuration_.workers
                                  : std::max(1U, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i < workers; ++i) {
    ListenerOptions options = listener_options(configuration_.listen, &files_.tls());
    options.counter = counter;
    std::optional<ListenerOptions> loopback;
    if (!configuration_.loopback_listen.empty()) {
      loopback = listener_options(configuration_.loopback_listen, nullptr);
      loopback->counter = counter;
    }
    threads_.push_back(std::make_unique<ServingThread>(i + 1, *shared_, clusters_, discoveries_,
                                                       std::move(options), std::move(loopback)));
    const auto opened = threads_[i]->open(i == 0 ? nullptr : threads_[0].get());
    if (!opened) {
      return fail_on(opened.error().first.c_str(), opened.error().second);
    }
  }
  return start_admin();
}

/// Once, whoever comes first.
Loaded<void> ProxyServer::start_admin() {
  if (configuration_.admin_listen.empty() || !admin_address_.empty()) {
    return {};
  }
  add_health_checks();
  auto started = admin_.start(configuration_.admin_listen);
  if (!started) {
    return tl::unexpected(ConfigErrors{{"", 0, 0, "adminListen", std::move(started.error())}});
  }
  admin_address_ = std::move(*started);
  return {};
}

std::vector<access::ClusterFacts> ProxyServer::cluster_facts() const {
  std::vector<access::ClusterFacts> all;
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    access::ClusterFacts& facts = all.emplace_back();
    facts.name = clusters_[i].identity.name;
    facts.labels = clusters_[i].identity.labels;
    facts.is_default = facts.name == configuration_.default_cluster;
    facts.catalog = discoveries_[i]->catalog().load();
    facts.reachable = !clusters_[i].endpoints.own->health().problem();
    if (const auto identity = discoveries_[i]->identity().load()) {
      facts.uid = identity->uid;
      facts.version = identity->version;
    }
  }
  return all;
}

/// The address that this machine reaches the listener at.
std::string ProxyServer::own_address() const {
  const asio::ip::tcp::endpoint at = threads_.front()->listener().endpoint();
  const std::string host = at.address().is_unspecified() ? "127.0.0.1" : at.address().to_string();
  const bool brackets = host.find(':') != std::string::npos;
  return (brackets ? "[" + host + "]" : host) + ":" + std::to_string(at.port());
}

/// "" without such a listener.
std::string ProxyServer::loopback_address() const {
  const auto at = threads_.front()->loopback_endpoint();
  return at ? ListenAddress{at->address().to_string(), at->port()}.to_string() : std::string();
}

void ProxyServer::add_health_checks() {
  health_.set_warnings([this] { return board_.lines(); });
  health_.add_ready("access-store", [this] { return store_fault(); });
  audit_.add_health_check(health_);
  health_.add_live("event-loop", [this]() -> std::optional<std::string> {
    if (!started_) {
      return std::nullopt;
    }
    for (const auto& thread : threads_) {
      if (Clock::now() - thread->last_turn() > kStuckAfter) {
        return "a worker's loop has not come around for 30 s";
      }
    }
    return std::nullopt;
  });
  // One cluster that is down must not take the others' clients away.
  health_.add_ready("discovery", [this]() -> std::optional<std::string> {
    return started_ && (access_.knows_a_cluster() || discoveries_.empty())
               ? std::nullopt
               : std::optional<std::string>("no cluster's kinds have been discovered yet");
  });
  add_cluster_checks();
}

/// Each cluster is told of, but only when none works there is nothing to be ready for.
void ProxyServer::add_cluster_checks() {
  for (const KubeCluster& cluster : clusters_) {
    health_.add_report("cluster-" + cluster.identity.name,
                       [endpoint = cluster.endpoints.own] { return endpoint->health().problem(); });
  }
  health_.add_ready("clusters", [this]() -> std::optional<std::string> {
    const bool none = std::all_of(clusters_.begin(), clusters_.end(), [](const auto& cluster) {
      return cluster.endpoints.own->health().problem().has_value();
    });
    return none && !clusters_.empty() ? std::optional<std::string>("no cluster can be reached")
                                      : std::nullopt;
  });
}

Loaded<void> ProxyServer::start() {
  audit_.start();
  make_discoveries();
  make_probes();
  make_cluster_client_ca();
  make_impersonator_tokens();
  if (auto bound = bind(); !bound) {
    return bound;
  }
  const CertificateStore& certificate = files_.certificate();
  const std::string pin = certificate.is_made() ? certificate.made().authority_pin : "";
  if (auto made = access_.make_first_login(own_address(), pin); !made) {
    return made;
  }
  access_.start([this] { return cluster_facts(); });
  for (const auto& discovery : discoveries_) {
    discovery->start();
  }
  for (const auto& probe : probes_) {
    probe->start();
  }
  if (cluster_client_ca_) {
    cluster_client_ca_->start();
  }
  for (const auto& thread : threads_) {
    thread->start();
  }
  started_ = true;
  files_.also_watch(audit_.policy_files(), [this] { audit_.reload_policy(); });
  files_.watch();
  asio::co_spawn(control_.executor(), handle_signals(), asio::detached);
  start_self_checks();
  tell_start();
  return {};
}

void ProxyServer::tell_start() {
  const asio::ip::tcp::endpoint at = threads_.front()->listener().endpoint();
  log_.info("serving", {{"version", version()},
                        {"listen", at.address().to_string() + ":" + std::to_string(at.port())},
                        {"loopback", loopback_address()},
                        {"admin", admin_address_},
                        {"workers", threads_.size()},
                        {"clusters", clusters_.size()}});
  if (files_.certificate().is_made()) {
    const MadeCertificate& made = files_.certificate().made();
    log_.info("the certificate is of postern's own making: clients have to trust its authority",
              {{"ca_file", made.authority_file}, {"ca_pin", made.authority_pin}});
  }
  for (const std::string& warning : configuration_warnings(configuration_)) {
    log_.warn(warning);
  }
}

/// The self-checks of every cluster, and who shows what they find.
void ProxyServer::start_self_checks() {
  for (std::size_t i = 0; i < clusters_.size(); ++i) {
    const KubeClusterConfiguration& configured = configuration_.kube_clusters[i];
    self_checks_.push_back(std::make_unique<ClusterSelfCheck>(
        control_, configuration_, configured, clusters_[i].endpoints, clusters_[i].hooks,
        shared_->policy, board_));
    const auto authorization = clusters_[i].endpoints.own->access()->authorization;
    const auto pod = configured.in_cluster ? pod_identity(authorization.value_or(""))
                                           : std::optional<PodIdentity>();
    if (pod && !pod_events_) {
      pod_events_ =
          std::make_unique<PodEvents>(control_, own_pool(clusters_[i]), *pod, board_, log_);
    }
  }
  board_.on_change([this] {
    if (pod_events_) pod_events_->post_soon();
  });
  for (const auto& check : self_checks_) {
    check->start();
  }
  if (pod_events_) {
    pod_events_->start();
  }
  asio::co_spawn(control_.executor(), check_certificates(), asio::detached);
}

Task<void> ProxyServer::check_certificates() {
  while (!health_.is_shutting_down()) {
    board_.report("certificates", certificate_problems(metrics_, std::chrono::system_clock::now()));
    certificate_check_.expires_after(kCertificateCheck);
    const auto [error] = co_await certificate_check_.async_wait(kAwait);
    static_cast<void>(error);
  }
}

void ProxyServer::stop_self_checks() {
  for (const auto& check : self_checks_) {
    check->stop();
  }
  if (pod_events_) {
    pod_events_->stop();
  }
  certificate_check_.cancel();
}

Task<void> ProxyServer::handle_signals() {
  bool draining = false;
  for (;;) {
    const auto [error, signal] = co_await signals_.async_wait(kAwait);
    if (error) {
      co_return;
    }
    if (signal == SIGHUP) {
      files_.reload_all();
      audit_.reopen();
    } else if (!draining) {
      draining = true;
      log_.info("draining", {{"signal", ::strsignal(signal)}});
      asio::co_spawn(control_.executor(), drain(), asio::detached);
    } else {
      drain_delay_.cancel();
      for (const auto& thread : threads_) {
        thread->hurry();
      }
    }
  }
}

Task<void> ProxyServer::drain() {
  health_.start_shutdown();
  drain_delay_.expires_after(configuration_.drain.delay);
  const auto [cut_short] = co_await drain_delay_.async_wait(kAwait);
  static_cast<void>(cut_short);
  threads_running_ = threads_.size();
  for (const auto& thread : threads_) {
    thread->drain(configuration_.drain, [this] {
      control_.post([this] {
        if (--threads_running_ == 0) drained_.set();
      });
    });
  }
  co_await drained_.wait();
  for (const auto& discovery : discoveries_) {
    discovery->stop();
  }
  for (const auto& probe : probes_) {
    probe->stop();
  }
  if (cluster_client_ca_) {
    cluster_client_ca_->stop();
  }
  for (const auto& [name, token] : impersonator_tokens_) {
    token->stop();
  }
  stop_self_checks();
  control_.stop();
}

int ProxyServer::run() {
  control_.run();
  for (const auto& thread : threads_) {
    thread->join();
  }
  files_.stop();
  access_.stop();
  admin_.stop();
  const bool all_written = audit_.stop();
  log_.info("ended");
  const bool all_ended = std::all_of(threads_.begin(), threads_.end(),
                                     [](const auto& thread) { return thread->all_ended(); });
  if (!all_written) std::_Exit(1);
  if (!all_ended) {
    std::_Exit(
        0);  // the drain's time is over; nothing of the sessions that are left has to be kept
  }
  return 0;
}

}  // namespace

int run_proxy(const ProxyConfiguration& configuration) {
  std::signal(SIGPIPE, SIG_IGN);
  raise_descriptor_limit();
  ProxyServer server(configuration);
  auto ready = server.load();
  if (server.ended_early()) {
    return 0;
  }
  if (ready) {
    ready = server.start();
  }
  if (!ready) {
    for (const ConfigError& error : ready.error()) {
      std::fprintf(stderr, "postern: %s\n", error.to_string().c_str());
    }
    return 2;
  }
  return server.run();
}

}  // namespace postern::proxy
