#include "proxy/server.h"

#include "proxy/access_runtime.h"
#include "proxy/admin_server.h"
#include "proxy/audit_runtime.h"
#include "proxy/await_storage.h"
#include "proxy/check_config.h"
#include "proxy/cluster_services.h"
#include "proxy/configured_options.h"
#include "proxy/data_directory.h"
#include "proxy/health_checks.h"
#include "proxy/kube_clusters.h"
#include "proxy/kubernetes_storage.h"
#include "proxy/live_files.h"
#include "proxy/observe/held_memory.h"
#include "proxy/observe/version.h"
#include "proxy/process.h"
#include "proxy/self_checks.h"
#include "proxy/serving_threads.h"
#include "rbac/request/sha256.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/basic_signal_set.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace postern::proxy {
namespace {

/// Lists that deletecollections hold, of all users together.
constexpr std::size_t kDeleteMemory = std::size_t{256} * 1024 * 1024;

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
        self_checks_(configuration, control_, board_, metrics_, log_),
        threads_(configuration, control_, metrics_, log_),
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
  Loaded<void> bind();
  Loaded<void> start_admin();
  Loaded<MasterKey> open_storage();
  Loaded<MasterKey> open_shared_storage();
  std::optional<std::string> store_fault() const;
  HealthSources health_sources() const;
  Task<void> handle_signals();
  Task<void> drain();
  void watch_files();
  void tell_start();
  void share_state();

  const ProxyConfiguration& configuration_;
  Metrics metrics_;
  Log log_;
  HealthRegistry health_;
  SelfCheckBoard board_;
  std::optional<KubernetesStorage> storage_;
  AuditRuntime audit_;
  /// Before what calls them, which a shared store does until its end.
  std::vector<KubeCluster> clusters_;
  AccessRuntime access_;
  LiveFiles files_;
  std::optional<ContinueSealer> sealer_;
  MemoryBudget delete_memory_{kDeleteMemory};
  BodyMemory body_memory_;
  HeldMemory delete_gauge_{"deletecollection_lists", [this] { return delete_memory_.used(); },
                           kDeleteMemory};
  HeldMemory body_gauge_{"request_bodies", [this] { return body_memory_.used(); },
                         BodyMemory::Limits().of_all};
  YamlThread yaml_thread_;
  std::optional<SharedState> shared_;
  Worker control_;
  asio::basic_signal_set<Executor> signals_;
  Timer drain_delay_;
  std::optional<ClusterServices> services_;  ///< from start()
  SelfChecks self_checks_;
  ServingThreads threads_;
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
    self_checks_.show_in_own_pod(clusters_);
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
  share_state();
  return {};
}

/// What every worker reads of what has been loaded.
void ProxyServer::share_state() {
  metrics_.configuration_in_force("sha256:" + rbac::request::sha256_hex(to_yaml(configuration_)));
  shared_.emplace(SharedState{.limits = client_limits(configuration_.limits),
                              .upstream_timeouts = upstream_timeouts(configuration_.upstream),
                              .filter_item_bytes = configuration_.limits.filter_item_bytes,
                              .default_cluster = configuration_.default_cluster,
                              .sealer = *sealer_,
                              .policy = access_.state().policy(),
                              .authenticators = files_.authenticators(),
                              .sessions = access_.state().sessions_in_force(),
                              .metrics = metrics_,
                              .log = log_,
                              .delete_memory = delete_memory_,
                              .body_memory = body_memory_,
                              .yaml_thread = yaml_thread_,
                              .token_review = token_review_options(configuration_.authentication),
                              .loopback_hosts = configuration_.loopback_hosts,
                              .access_api = &access_.api(),
                              .audit = audit_.log()});
}

Loaded<MasterKey> ProxyServer::open_storage() {
  if (configuration_.storage.type == StorageConfiguration::kKubernetes) {
    return open_shared_storage();
  }
  if (auto opened = access_.open(); !opened) {
    return tl::unexpected(std::move(opened.error()));
  }
  opened_ = true;
  return load_master_key(configuration_.data_dir);
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
  const auto ready = await_storage(*storage_, control_, signals_);
  if (!ready) {
    return tl::unexpected(ready.error());
  }
  ended_early_ = !*ready;
  if (*ready) {
    if (auto opened = access_.open(storage_->take_store()); !opened) {
      return tl::unexpected(std::move(opened.error()));
    }
    opened_ = true;
  }
  return MasterKey(storage_->master());
}

std::optional<std::string> ProxyServer::store_fault() const {
  if (storage_) {
    if (auto fault = storage_->fault()) return fault;
  }
  return opened_ ? access_.store_fault() : "the store has not been read yet";
}

Loaded<void> ProxyServer::bind() {
  if (auto opened = threads_.open(*shared_, clusters_, services_->discoveries(), files_.tls());
      !opened) {
    return opened;
  }
  return start_admin();
}

/// Once, whoever comes first.
Loaded<void> ProxyServer::start_admin() {
  if (configuration_.admin_listen.empty() || !admin_address_.empty()) {
    return {};
  }
  health_.set_warnings([this] { return board_.lines(); });
  add_health_checks(health_, health_sources());
  audit_.add_health_check(health_);
  auto started = admin_.start(configuration_.admin_listen);
  if (!started) {
    return tl::unexpected(ConfigErrors{{"", 0, 0, "adminListen", std::move(started.error())}});
  }
  admin_address_ = std::move(*started);
  return {};
}

/// What has not been started yet is neither stuck nor ready.
HealthSources ProxyServer::health_sources() const {
  return {.store_fault = [this] { return store_fault(); },
          .is_stuck = [this] { return started_ && threads_.stuck(kStuckAfter); },
          .knows_a_cluster =
              [this] { return started_ && (access_.knows_a_cluster() || clusters_.empty()); },
          .clusters = clusters_};
}

Loaded<void> ProxyServer::start() {
  audit_.start();
  services_.emplace(configuration_, control_, clusters_,
                    ClusterServices::Sinks{access_, files_, log_});
  if (auto bound = bind(); !bound) {
    return bound;
  }
  const CertificateStore& certificate = files_.certificate();
  const std::string pin = certificate.is_made() ? certificate.made().authority_pin : "";
  if (auto made = access_.make_first_login(threads_.local_address(), pin); !made) {
    return made;
  }
  access_.start([this] { return services_->facts(); });
  services_->start();
  yaml_thread_.start();
  threads_.start();
  started_ = true;
  watch_files();
  asio::co_spawn(control_.executor(), handle_signals(), asio::detached);
  self_checks_.start(clusters_, shared_->policy, [this] { return store_fault(); });
  tell_start();
  return {};
}

void ProxyServer::watch_files() {
  files_.also_watch(audit_.policy_files(), [this] { audit_.reload_policy(); });
  for (const KubeCluster& cluster : clusters_) {
    const auto& [own, impersonating] = cluster.endpoints;
    files_.also_watch(own->files(), [own = own] { own->look_at_files(); });
    if (impersonating != own) {
      files_.also_watch(impersonating->files(),
                        [impersonating = impersonating] { impersonating->look_at_files(); });
    }
  }
  files_.watch();
}

void ProxyServer::tell_start() {
  log_.info("serving", {{"version", version()},
                        {"listen", threads_.listen_address()},
                        {"loopback", threads_.loopback_address()},
                        {"admin", admin_address_},
                        {"workers", threads_.size()},
                        {"clusters", clusters_.size()}});
  if (files_.certificate().is_made()) {
    const MadeCertificate& made = files_.certificate().made();
    log_.info("the certificate is of postern's own making: clients have to trust its authority",
              {{"ca_file", made.authority_file}, {"ca_pin", made.authority_pin}});
  }
  const std::string descriptors = descriptor_warning(configuration_.limits.max_connections);
  if (!descriptors.empty()) log_.warn(descriptors);
  for (const std::string& warning : configuration_warnings(configuration_)) {
    log_.warn(warning);
  }
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
      threads_.hurry();
    }
  }
}

Task<void> ProxyServer::drain() {
  health_.start_shutdown();
  drain_delay_.expires_after(configuration_.drain.delay);
  const auto [cut_short] = co_await drain_delay_.async_wait(kAwait);
  static_cast<void>(cut_short);
  co_await threads_.drain();
  services_->stop();
  self_checks_.stop();
  control_.stop();
}

int ProxyServer::run() {
  control_.run();
  ignore_late_signals();
  threads_.join();
  yaml_thread_.stop();
  files_.stop();
  access_.stop();
  admin_.stop();
  const bool all_written = audit_.stop();
  log_.info("ended");
  if (!all_written) std::_Exit(1);
  // The drain's time is over; nothing of the sessions that are left has to be kept.
  if (!threads_.all_ended()) std::_Exit(0);
  return 0;
}

}  // namespace

int run_proxy(const ProxyConfiguration& configuration) {
  ignore_broken_pipes();
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
