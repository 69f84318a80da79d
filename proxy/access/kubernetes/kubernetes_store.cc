#include "proxy/access/kubernetes/kubernetes_store.h"

#include "proxy/access/kubernetes/api_client.h"
#include "proxy/access/kubernetes/kind_watcher.h"
#include "proxy/access/kubernetes/lease_holder.h"
#include "proxy/access/kubernetes/progress_waiters.h"
#include "proxy/access/kubernetes/resource_writer.h"
#include "proxy/access/store/store_errors.h"
#include "proxy/net/worker.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <future>
#include <set>
#include <thread>
#include <utility>

// Tested by tests/proxy/access/store/contract_test.cc (over a real API server) and
// tests/e2e/test_store_kubernetes.py
namespace postern::proxy::access {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// The access thread waits for writes.
constexpr UpstreamTimeouts kTimeouts{.connect = milliseconds(3000),
                                     .first_byte = milliseconds(5000)};
constexpr milliseconds kCheckInterval{500};
constexpr seconds kTidyInterval{10};
/// Without a word for so long, a write is not even tried.
constexpr seconds kSilent{10};
/// What was written shows within milliseconds; after this the copy is read anew.
constexpr milliseconds kPatience{1000};
constexpr std::size_t kMaxTidied = 200;  ///< at once, of a kind

class KubernetesStoreImpl final : public KubernetesStore {
 public:
  explicit KubernetesStoreImpl(KubernetesStoreOptions options);
  ~KubernetesStoreImpl() override { stop(); }

  bool complete() const override { return copy_.complete(); }
  std::optional<std::string> fault() const override;
  void stop() override;

  Result<StoredObject> get(std::string_view kind, std::string_view name) const override {
    return copy_.get(kind, name);
  }
  Result<Listing> list(std::string_view kind, std::string_view after,
                       std::size_t limit) const override {
    return copy_.list(kind, after, limit);
  }
  Result<std::vector<Version>> write(const std::vector<Write>& writes) override;
  Result<Changes> changes_since(Version version, std::size_t limit) const override {
    return copy_.changes_since(version, limit);
  }
  Version version() const override { return copy_.number(); }
  Subscription subscribe(std::function<void()> wake) override {
    return copy_.subscribe(std::move(wake));
  }
  Progress progress(std::string_view kind) const override { return copy_.progress(kind); }
  Result<void> refresh(std::string_view kind) override;
  Result<void> look_for(std::string_view kind, std::string_view name) override;
  void look_for_soon(std::string_view kind, std::string_view name,
                     std::function<void(Result<void>)> done) override;
  std::chrono::steady_clock::duration silence() const override;
  bool keeps_house() const override { return lease_.held(); }

 private:
  Task<Result<std::vector<Version>>> write_all(std::vector<Write> writes);
  Task<Result<Version>> write_one(Write write);
  Task<Result<void>> wait_until_seen(std::size_t kind, Version version);
  Task<Result<void>> list_kind(std::size_t kind);
  Task<Result<void>> find(std::size_t kind, std::string object_name);
  Task<void> keep_checking();
  Task<void> keep_tidy();
  Task<void> tidy(std::size_t kind);
  Task<void> mark_forged(std::size_t kind);
  Task<void> end();
  /// Runs it on the worker and waits.
  template <typename T>
  T wait_for(Task<T> task);
  Result<void> require_word() const;

  const KubernetesStoreOptions options_;
  LocalCopy copy_;
  ProgressWaiters waiters_;
  Worker worker_;
  UpstreamPool pool_;
  CustomResourceClient client_;
  ResourceWriter writer_;
  LeaseHolder lease_;
  std::vector<std::unique_ptr<KindWatcher>> watchers_;
  std::set<Version> left_before_;  ///< leftovers that were there before
  std::set<std::string> marked_;   ///< uid/generation of what was said not to count
  std::thread thread_;
};

KubernetesStoreImpl::KubernetesStoreImpl(KubernetesStoreOptions options)
    : options_(std::move(options)),
      copy_(options_.kinds, Sealer(MasterKey(options_.master)), options_.history,
            [this](const Refusal& refusal) {
              if (options_.refused) options_.refused(refusal);
            }),
      worker_(0),
      pool_(worker_, options_.endpoint, kTimeouts, options_.hooks),
      client_(pool_, options_.in_namespace),
      writer_(client_, copy_, options_.summarize),
      lease_(pool_, {.in_namespace = options_.in_namespace,
                     .identity = options_.identity,
                     .changed = options_.leads}) {
  for (std::size_t kind = 0; kind < copy_.kinds().size(); ++kind) {
    watchers_.push_back(std::make_unique<KindWatcher>(client_, copy_, kind, [this, kind] {
      waiters_.reached(kind, copy_.progress(copy_.kinds()[kind].kind).reached);
    }));
    asio::co_spawn(worker_.executor(), watchers_.back()->run(), asio::detached);
  }
  asio::co_spawn(worker_.executor(), lease_.run(), asio::detached);
  asio::co_spawn(worker_.executor(), keep_checking(), asio::detached);
  asio::co_spawn(worker_.executor(), keep_tidy(), asio::detached);
  thread_ = std::thread([this] { worker_.run(); });
}

void KubernetesStoreImpl::stop() {
  if (!thread_.joinable()) return;
  asio::co_spawn(worker_.executor(), end(), asio::detached);
  thread_.join();
}

Task<void> KubernetesStoreImpl::end() {
  co_await lease_.release();
  worker_.stop();
}

template <typename T>
T KubernetesStoreImpl::wait_for(Task<T> task) {
  std::promise<T> done;
  auto answer = done.get_future();
  asio::co_spawn(worker_.executor(), std::move(task), [&done](std::exception_ptr bug, T value) {
    if (bug) return done.set_exception(bug);
    done.set_value(std::move(value));
  });
  return answer.get();
}

std::chrono::steady_clock::duration KubernetesStoreImpl::silence() const {
  auto last = lease_.pulse().last();
  for (const auto& watcher : watchers_) last = std::min(last, watcher->pulse().last());
  return std::max(Clock::duration::zero(), Clock::now() - last);
}

std::optional<std::string> KubernetesStoreImpl::fault() const {
  for (const auto& watcher : watchers_) {
    if (auto fault = watcher->fault()) return fault;
  }
  return lease_.fault();
}

Result<void> KubernetesStoreImpl::require_word() const {
  if (!complete()) {
    return fail(kube::Status::unavailable("the store has not been read yet"));
  }
  if (silence() < kSilent) return {};
  return fail(kube::Status::unavailable(
      "the store has not been heard of for " +
      std::to_string(std::chrono::duration_cast<seconds>(silence()).count()) + " s"));
}

Result<std::vector<Version>> KubernetesStoreImpl::write(const std::vector<Write>& writes) {
  if (auto checked = check_writes(writes); !checked) return fail(std::move(checked.error()));
  if (writes.empty()) return std::vector<Version>();
  if (auto word = require_word(); !word) return fail(std::move(word.error()));
  return wait_for(write_all(writes));
}

Result<void> KubernetesStoreImpl::refresh(std::string_view kind) {
  const auto index = copy_.index_of(kind);
  if (!index) return {};
  if (auto word = require_word(); !word) return word;
  return wait_for(list_kind(*index));
}

Result<void> KubernetesStoreImpl::look_for(std::string_view kind, std::string_view name) {
  const auto index = copy_.index_of(kind);
  if (!index) return {};
  if (auto word = require_word(); !word) return word;
  return wait_for(find(*index, object_name_of(name)));
}

void KubernetesStoreImpl::look_for_soon(std::string_view kind, std::string_view name,
                                        std::function<void(Result<void>)> done) {
  const auto index = copy_.index_of(kind);
  if (!index) return done({});
  if (auto word = require_word(); !word) return done(std::move(word));
  asio::co_spawn(worker_.executor(), find(*index, object_name_of(name)),
                 [done = std::move(done)](std::exception_ptr bug, Result<void> found) {
                   if (!bug) return done(std::move(found));
                   done(fail(kube::Status::internal("the store could not be asked")));
                 });
}

Task<Result<void>> KubernetesStoreImpl::find(std::size_t kind, std::string object_name) {
  auto found = co_await client_.get(copy_.kinds()[kind], std::move(object_name));
  if (found) {
    auto seen = co_await wait_until_seen(kind, found->version);
    co_return seen;
  }
  if (found.error().code == 404) co_return Result<void>();
  co_return fail(kube::Status::unavailable("the store cannot be read: " + found.error().message));
}

Task<Result<void>> KubernetesStoreImpl::list_kind(std::size_t kind) {
  auto listed = co_await watchers_[kind]->list();
  if (listed) co_return listed;
  co_return fail(kube::Status::unavailable("the store cannot be read: " + listed.error().message));
}

Task<Result<std::vector<Version>>> KubernetesStoreImpl::write_all(std::vector<Write> writes) {
  if (writes.size() > 1) {
    for (const Write& write : writes) {
      auto checked = co_await writer_.check(write);
      if (!checked) co_return fail(std::move(checked.error()));
    }
  }
  std::vector<Version> versions;
  for (Write& write : writes) {
    auto version = co_await write_one(std::move(write));
    if (version) {
      versions.push_back(*version);
    } else if (versions.empty()) {
      co_return fail(std::move(version.error()));
    } else {
      co_return fail(kube::Status::unavailable("of " + std::to_string(writes.size()) + " changes " +
                                               std::to_string(versions.size()) +
                                               " were made; then: " + version.error().message));
    }
  }
  co_return versions;
}

Task<Result<Version>> KubernetesStoreImpl::write_one(Write write) {
  const auto kind = copy_.index_of(write.kind);
  const bool removal = write.action == Write::Action::kRemove;
  const std::string name = object_name_of(write.name);
  auto version = co_await writer_.write(std::move(write));
  if (!version) co_return version;
  auto seen = co_await wait_until_seen(*kind, *version);
  if (!seen) co_return fail(std::move(seen.error()));
  if (removal) {
    const auto left = copy_.known(*kind, name);
    if (left && left->verdict == Verdict::kRemoved) {
      asio::co_spawn(worker_.executor(), writer_.tidy(*kind, left->resource), asio::detached);
    }
  }
  co_return version;
}

Task<Result<void>> KubernetesStoreImpl::wait_until_seen(std::size_t kind, Version version) {
  if (copy_.progress(copy_.kinds()[kind].kind).reached >= version) co_return Result<void>();
  const bool seen = co_await waiters_.wait(worker_, kind, version, kPatience);
  if (seen) co_return Result<void>();
  co_return co_await list_kind(kind);
}

Task<void> KubernetesStoreImpl::keep_checking() {
  Timer timer(worker_.executor());
  for (;;) {
    timer.expires_after(kCheckInterval);
    const auto [error] = co_await timer.async_wait(kAwait);
    if (error) co_return;
    for (const auto& watcher : watchers_) watcher->check();
  }
}

/// The leader deletes what replicas that ended too early left, and says what does not count.
Task<void> KubernetesStoreImpl::keep_tidy() {
  Timer timer(worker_.executor());
  for (;;) {
    timer.expires_after(kTidyInterval);
    const auto [error] = co_await timer.async_wait(kAwait);
    if (error) co_return;
    for (std::size_t kind = 0; lease_.held() && kind < copy_.kinds().size(); ++kind) {
      co_await tidy(kind);
      co_await mark_forged(kind);
    }
  }
}

Task<void> KubernetesStoreImpl::tidy(std::size_t kind) {
  std::vector<CustomResource> left = copy_.leftovers(kind);
  if (left.size() > kMaxTidied) left.resize(kMaxTidied);
  std::set<Version> seen;
  for (const CustomResource& each : left) {
    seen.insert(each.version);
    // What was there the last time as well: nobody is at work on it.
    if (left_before_.contains(each.version)) co_await writer_.tidy(kind, each);
  }
  left_before_.merge(seen);
  if (left_before_.size() > 100 * kMaxTidied) left_before_.clear();
}

Task<void> KubernetesStoreImpl::mark_forged(std::size_t kind) {
  std::vector<LocalCopy::Forged> forged = copy_.forged(kind);
  if (forged.size() > kMaxTidied) forged.resize(kMaxTidied);
  for (const LocalCopy::Forged& each : forged) {
    const std::string state = each.resource.uid + "/" + std::to_string(each.resource.generation);
    if (!marked_.insert(state).second) continue;
    const auto done = co_await client_.mark_refused(copy_.kinds()[kind], each.resource,
                                                    each.refusal.reason, each.refusal.why);
    static_cast<void>(done);  // it does not count either way
  }
  if (marked_.size() > 100 * kMaxTidied) marked_.clear();
}

}  // namespace

std::unique_ptr<KubernetesStore> KubernetesStore::start(KubernetesStoreOptions options) {
  return std::make_unique<KubernetesStoreImpl>(std::move(options));
}

}  // namespace postern::proxy::access
