#include "tests/proxy/access/kubernetes/kubernetes_stores.h"

#include "proxy/access/kubernetes/api_client.h"
#include "proxy/net/worker.h"
#include "proxy/upstream/cluster_endpoint.h"

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <chrono>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace postern::proxy::access::testing {
namespace {

std::shared_ptr<const ClusterEndpoint> endpoint() {
  static const auto made = [] {
    const char* file = std::getenv("KUBECONFIG");
    if (file == nullptr) throw std::runtime_error("KUBECONFIG is not set");
    auto source = kubeconfig_source(file);
    if (!source) throw std::runtime_error(source.error().front().to_string());
    auto opened = ClusterEndpoint::make(std::move(*source));
    if (!opened) throw std::runtime_error(opened.error().front().to_string());
    return *opened;
  }();
  return made;
}

Task<void> make(Worker& worker, std::string name, bool& made) {
  UpstreamPool pool(worker, endpoint(), {});
  const nlohmann::json body{
      {"apiVersion", "v1"}, {"kind", "Namespace"}, {"metadata", {{"name", name}}}};
  const auto answer = co_await call_api(pool, "POST", "/api/v1/namespaces", body.dump());
  made = answer.has_value();
  worker.stop();
}

std::string fresh_namespace() {
  static std::atomic<int> count = 0;
  const std::string name = "contract-" + std::to_string(getpid()) + "-" + std::to_string(++count);
  Worker worker(0);
  bool made = false;
  asio::co_spawn(worker.executor(), make(worker, name, made), [](std::exception_ptr) {});
  worker.run();
  if (!made) throw std::runtime_error("no namespace");
  return name;
}

/// Numbers instead of resource versions, in the order of the writes.
class Counted final : public ObjectStore {
 public:
  explicit Counted(std::unique_ptr<KubernetesStore> inner) : inner_(std::move(inner)) {}

  Result<StoredObject> get(std::string_view kind, std::string_view name) const override {
    auto object = inner_->get(kind, name);
    if (object) count(*object);
    return object;
  }
  Result<Listing> list(std::string_view kind, std::string_view after,
                       std::size_t limit) const override {
    auto listing = inner_->list(kind, after, limit);
    for (StoredObject& object : listing->objects) count(object);
    return listing;
  }
  Result<std::vector<Version>> write(const std::vector<Write>& writes) override {
    std::vector<Write> real = writes;
    for (Write& write : real) {
      if (write.expected) write.expected = real_version(*write.expected);
    }
    auto versions = inner_->write(real);
    if (!versions) return fail(counted(std::move(versions.error()), writes));
    learn();
    name_last(*versions);
    for (Version& version : *versions) version = number_of(version);
    return versions;
  }
  Result<Changes> changes_since(Version version, std::size_t limit) const override {
    learn();
    auto changes = inner_->changes_since(version, limit);
    if (!changes) return changes;
    for (Change& change : changes->changes) count(change.object);
    return changes;
  }
  Version version() const override { return inner_->version(); }
  Subscription subscribe(std::function<void()> wake) override {
    return inner_->subscribe(std::move(wake));
  }
  std::chrono::steady_clock::duration silence() const override { return inner_->silence(); }

 private:
  /// Takes numbers for what has become visible, in that order: one writer's order.
  void learn() const {
    const std::lock_guard lock(mutex_);
    while (true) {
      const auto changes = inner_->changes_since(known_, 0);
      if (!changes) {
        known_ = inner_->version();  // more than is remembered: see number_of()
        return;
      }
      if (changes->changes.empty()) return;
      for (const Change& change : changes->changes) {
        numbers_[change.object.version] = ++known_;
      }
    }
  }
  /// Those of one writer that are more than the history remembers.
  void name_last(const std::vector<Version>& versions) const {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < versions.size(); ++i) {
      numbers_.try_emplace(versions[i], known_ - (versions.size() - 1 - i));
    }
  }
  Version number_of(Version version) const {
    learn();
    const std::lock_guard lock(mutex_);
    const auto found = numbers_.find(version);
    return found == numbers_.end() ? 0 : found->second;
  }
  Version real_version(Version number) const {
    learn();
    const std::lock_guard lock(mutex_);
    for (const auto& [version, known] : numbers_) {
      if (known == number) return version;
    }
    return 1;  // none
  }
  void count(StoredObject& object) const { object.version = number_of(object.version); }
  /// The conflict in numbers.
  kube::Status counted(kube::Status status, const std::vector<Write>& writes) const {
    if (status.reason != "Conflict") return status;
    for (const Write& write : writes) {
      if (write.name != status.details_name || write.kind != status.details_kind) continue;
      const auto now = get(write.kind, write.name);
      if (now && write.expected) {
        return object_changed(write.kind, write.name, *write.expected, now->version);
      }
    }
    return status;
  }

  std::unique_ptr<KubernetesStore> inner_;
  mutable std::mutex mutex_;
  mutable std::map<Version, Version> numbers_;
  mutable Version known_ = 0;
};

}  // namespace

Kubernetes::Kubernetes(HistoryLimits limits) {
  KubernetesStoreOptions options;
  options.endpoint = endpoint();
  options.in_namespace = fresh_namespace();
  options.kinds = {{"role", "accessroles", "AccessRole"},
                   {"user", "accessusers", "AccessUser"},
                   {"session", "sessions", "Session"}};
  options.master = MasterKey::random();
  options.history = limits;
  options.identity = "contract";
  auto opened = KubernetesStore::start(std::move(options));
  for (int i = 0; i < 1000 && !(opened->complete() && opened->silence() < std::chrono::seconds(5));
       ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  if (!opened->complete()) throw std::runtime_error(opened->fault().value_or("not complete"));
  store = std::make_unique<Counted>(std::move(opened));
}

}  // namespace postern::proxy::access::testing
