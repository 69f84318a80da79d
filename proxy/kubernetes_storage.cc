#include "proxy/kubernetes_storage.h"

#include "proxy/access/state/random_names.h"
#include "proxy/access/state/stored_forms.h"
#include "proxy/certificate_store.h"
#include "proxy/needed_rights.h"
#include "proxy/net/atomic_file.h"
#include "proxy/net/make_certificate.h"
#include "proxy/net/worker.h"
#include "proxy/read_file.h"
#include "proxy/self_check.h"
#include "proxy/upstream/rights_check.h"

#include <climits>
#include <unistd.h>
#include <utility>

// Tested by tests/e2e/test_store_kubernetes.py
namespace postern::proxy {
namespace {

using std::chrono::milliseconds;

constexpr UpstreamTimeouts kTimeouts{.connect = milliseconds(5000),
                                     .first_byte = milliseconds(10000)};
constexpr milliseconds kLook{50};
constexpr milliseconds kPause{1000};
constexpr std::chrono::seconds kRightsInterval{10};
constexpr std::size_t kMaxPem = 64 * 1024;

/// `HOST_…`: a process that starts again on the same host is another one.
std::string identity_of_process() {
  char host[HOST_NAME_MAX + 1] = {};
  if (gethostname(host, sizeof(host) - 1) != 0) host[0] = '\0';
  return std::string(host) + "_" + access::random_uid();
}

std::string text_of(const std::string& file) {
  auto text = read_file(file, kMaxPem);
  return text ? std::move(*text) : std::string();
}

/// What an operator can do about it.
std::string explained(const StorageConfiguration& storage, const kube::Status& error) {
  const std::string secret = storage.namespace_ + "/" + storage.secret_name;
  if (error.code == 403) {
    return "postern may not read or make the Secret " + secret +
           ": give its service account the Role postern-store (" + error.message + ")";
  }
  if (error.code == 404) {
    return "there is no namespace " + storage.namespace_ + " in the cluster " +
           storage.kube_cluster + " (" + error.message + ")";
  }
  return "the Secret " + secret + ": " + error.message;
}

}  // namespace

KubernetesStorage::KubernetesStorage(const ProxyConfiguration& configuration,
                                     std::shared_ptr<const ClusterEndpoint> endpoint, Log& log,
                                     Metrics& metrics, UpstreamHooks hooks, SelfCheckBoard& board)
    : configuration_(configuration),
      endpoint_(std::move(endpoint)),
      log_(log),
      metrics_(metrics),
      hooks_(std::move(hooks)),
      board_(board) {}

void KubernetesStorage::set_fault(std::optional<std::string> fault) {
  const std::lock_guard lock(mutex_);
  fault_ = std::move(fault);
}

std::optional<std::string> KubernetesStorage::fault() const {
  const std::lock_guard lock(mutex_);
  if (fault_) return fault_;
  if (store_ == nullptr || store_->silence() < configuration_.storage.max_silence) {
    return std::nullopt;
  }
  return store_->fault().value_or("the store is not heard of");
}

std::unique_ptr<access::ObjectStore> KubernetesStorage::take_store() {
  return std::move(owned_);
}

/// New keys, and the authority of dataDir, which is made now if there is none.
access::SharedKeys KubernetesStorage::offer() const {
  access::SharedKeys offered;
  offered.master = MasterKey::random();
  if (!configuration_.tls.cert_file.empty()) return offered;
  const auto made = make_certificate(configuration_.data_dir, certificate_names(configuration_),
                                     std::chrono::system_clock::now());
  // The Secret may have one that takes the place of what is broken here.
  if (!made) return offered;
  offered.authority = text_of(configuration_.data_dir + "/ca.crt");
  offered.authority_key = text_of(configuration_.data_dir + "/ca.key");
  return offered;
}

Task<Result<void>> KubernetesStorage::obtain_keys(UpstreamPool& pool) {
  access::SharedKeys offered = offer();
  const StorageConfiguration& storage = configuration_.storage;
  auto keys = co_await access::obtain_shared_keys(pool, storage.namespace_, storage.secret_name,
                                                  std::move(offered));
  if (!keys) {
    keys.error().message = explained(storage, keys.error());
    co_return fail(std::move(keys.error()));
  }
  keys_ = std::move(*keys);
  co_return Result<void>();
}

/// The shared authority takes the place of this replica's own; what it signed is made anew by
/// whoever loads the certificate.
Loaded<void> KubernetesStorage::write_authority() const {
  if (keys_.authority.empty() || !configuration_.tls.cert_file.empty()) return {};
  const std::string directory = configuration_.data_dir;
  if (text_of(directory + "/ca.crt") == keys_.authority &&
      text_of(directory + "/ca.key") == keys_.authority_key) {
    return {};
  }
  auto done = write_file_atomically(directory + "/ca.key", keys_.authority_key, 0600);
  if (done) done = write_file_atomically(directory + "/ca.crt", keys_.authority, 0644);
  if (done) return {};
  return tl::unexpected(ConfigErrors{{"", 0, 0, "dataDir", std::move(done.error())}});
}

access::KubernetesStoreOptions KubernetesStorage::store_options() const {
  access::KubernetesStoreOptions options;
  options.endpoint = endpoint_;
  options.in_namespace = configuration_.storage.namespace_;
  options.kinds = {{std::string(access::kRequestKind), "accessrequests", "AccessRequest"},
                   {std::string(access::kRoleKind), "accessroles", "AccessRole"},
                   {std::string(access::kUserKind), "accessusers", "AccessUser"},
                   {std::string(access::kLoginKind), "logins", "Login"},
                   {std::string(access::kSessionKind), "sessions", "Session"},
                   {std::string(access::kGivenKind), "marks", "Mark"}};
  options.master = keys_.master;
  options.identity = identity_of_process();
  options.summarize = access::summary_of;
  options.hooks = hooks_;
  Log& log = log_;
  Metrics& metrics = metrics_;
  options.refused = [&log, &metrics](const access::Refusal& refusal) {
    metrics.store_object_refused();
    log.write_limited(
        "store." + refusal.resource, LogLevel::kWarn, "a custom resource does not count",
        {{"resource", refusal.resource}, {"name", refusal.object_name}, {"why", refusal.why}});
  };
  options.leads = [&log, &metrics](bool leads) {
    metrics.leads(leads);
    log.info(leads ? "this replica keeps house" : "this replica keeps house no longer");
  };
  return options;
}

/// Which rules the store lacks. The self-checks of clusters begin only when the store is there.
Task<void> KubernetesStorage::look_for_missing_rights(UpstreamPool& pool) {
  if (rights_asked_ && Clock::now() - *rights_asked_ < kRightsInterval) co_return;
  rights_asked_ = Clock::now();
  const std::string& name = configuration_.storage.kube_cluster;
  for (const KubeClusterConfiguration& cluster : configuration_.kube_clusters) {
    if (cluster.name != name) continue;
    const auto missing = co_await missing_rights(pool, store_rights(configuration_, cluster));
    if (missing) missing_ = rights_problems(*missing, "postern's own identity", name);
  }
}

Task<void> KubernetesStorage::pause(UpstreamPool& pool, std::string why) {
  log_.write_limited("store.wait." + why, LogLevel::kWarn,
                     "waiting for the store of access requests", {{"why", why}});
  set_fault(why);
  co_await look_for_missing_rights(pool);
  std::vector<Problem> problems = store_problems(std::move(why));
  problems.insert(problems.end(), missing_.begin(), missing_.end());
  board_.report(kStoreSource, std::move(problems));
  Timer timer(pool.worker().executor());
  timer.expires_after(kPause);
  const auto [error] = co_await timer.async_wait(kAwait);
  static_cast<void>(error);
}

Task<Loaded<void>> KubernetesStorage::prepare(Worker& worker) {
  UpstreamPool pool(worker, endpoint_, kTimeouts, hooks_);
  for (;;) {
    auto obtained = co_await obtain_keys(pool);
    if (obtained) break;
    co_await pause(pool, std::move(obtained.error().message));
  }
  if (auto written = write_authority(); !written) co_return written;
  owned_ = access::KubernetesStore::start(store_options());
  Timer timer(worker.executor());
  const auto is_ready = [this] {
    return owned_->complete() && owned_->silence() < configuration_.storage.max_silence;
  };
  for (auto next_word = Clock::now() + kPause; !is_ready();) {
    timer.expires_after(kLook);
    const auto [error] = co_await timer.async_wait(kAwait);
    static_cast<void>(error);
    if (Clock::now() < next_word) continue;
    co_await pause(pool, owned_->fault().value_or("it is being read"));
    next_word = Clock::now() + kPause;
  }
  board_.report(kStoreSource, {});
  const std::lock_guard lock(mutex_);
  store_ = owned_.get();
  fault_.reset();
  co_return Loaded<void>();
}

}  // namespace postern::proxy
