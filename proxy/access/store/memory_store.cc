#include "proxy/access/store/memory_store.h"

#include "proxy/access/store/store_errors.h"
#include "proxy/access/store/wake_ups.h"

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <utility>

namespace postern::proxy::access {

namespace {

std::size_t bytes_of(const Change& change) {
  return change.object.kind.size() + change.object.name.size() + change.object.data.size();
}

class MemoryStore final : public ObjectStore {
 public:
  explicit MemoryStore(const MemoryStoreOptions& options)
      : limits_(options.history), version_(options.begin), forgotten_(options.begin) {}

  Result<StoredObject> get(std::string_view kind, std::string_view name) const override;
  Result<Listing> list(std::string_view kind, std::string_view after,
                       std::size_t limit) const override;
  Result<std::vector<Version>> write(const std::vector<Write>& writes) override;
  Result<Changes> changes_since(Version version, std::size_t limit) const override;
  Version version() const override;
  Subscription subscribe(std::function<void()> wake) override {
    return wake_ups_.add(std::move(wake));
  }

 private:
  using Objects = std::map<std::string, StoredObject, std::less<>>;

  const StoredObject* find(std::string_view kind, std::string_view name) const;
  Result<std::vector<Version>> write_locked(const std::vector<Write>& writes);
  Version apply(const Write& write);
  void remember(Change change);

  const HistoryLimits limits_;
  mutable std::mutex mutex_;  // guards all below
  std::map<std::string, Objects, std::less<>> kinds_;
  Version version_;
  std::deque<Change> history_;
  std::size_t history_bytes_ = 0;
  Version forgotten_;  ///< the history is whole behind this version
  WakeUps wake_ups_;   // with a lock of its own
};

const StoredObject* MemoryStore::find(std::string_view kind, std::string_view name) const {
  const auto objects = kinds_.find(kind);
  if (objects == kinds_.end()) return nullptr;
  const auto found = objects->second.find(name);
  return found == objects->second.end() ? nullptr : &found->second;
}

Result<StoredObject> MemoryStore::get(std::string_view kind, std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const StoredObject* found = find(kind, name);
  if (found == nullptr) return fail(object_not_found(kind, name));
  return *found;
}

Result<Listing> MemoryStore::list(std::string_view kind, std::string_view after,
                                  std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  Listing listing;
  listing.version = version_;
  const auto objects = kinds_.find(kind);
  if (objects == kinds_.end()) return listing;
  for (auto at = objects->second.upper_bound(after); at != objects->second.end(); ++at) {
    if (limit != 0 && listing.objects.size() == limit) {
      listing.more = true;
      break;
    }
    listing.objects.push_back(at->second);
  }
  return listing;
}

Result<std::vector<Version>> MemoryStore::write(const std::vector<Write>& writes) {
  if (Result<void> checked = check_writes(writes); !checked) return fail(checked.error());
  Result<std::vector<Version>> versions = [&] {
    const std::lock_guard lock(mutex_);
    return write_locked(writes);
  }();
  if (versions && !versions->empty()) wake_ups_.wake();
  return versions;
}

Result<std::vector<Version>> MemoryStore::write_locked(const std::vector<Write>& writes) {
  for (const Write& write : writes) {
    const StoredObject* found = find(write.kind, write.name);
    const auto version = found != nullptr ? std::optional(found->version) : std::nullopt;
    if (Result<void> checked = check_precondition(write, version); !checked) {
      return fail(checked.error());
    }
  }
  std::vector<Version> versions;
  versions.reserve(writes.size());
  for (const Write& write : writes) {
    versions.push_back(apply(write));
  }
  return versions;
}

Version MemoryStore::apply(const Write& write) {
  Objects& objects = kinds_[write.kind];
  ++version_;
  if (write.action == Write::Action::kRemove) {
    auto node = objects.extract(write.name);
    node.mapped().version = version_;
    remember({Change::Type::kRemoved, std::move(node.mapped())});
  } else {
    const StoredObject object{write.kind, write.name, version_, write.data};
    const bool added = objects.insert_or_assign(write.name, object).second;
    remember({added ? Change::Type::kAdded : Change::Type::kModified, object});
  }
  return version_;
}

void MemoryStore::remember(Change change) {
  history_bytes_ += bytes_of(change);
  history_.push_back(std::move(change));
  while (history_.size() > limits_.changes || history_bytes_ > limits_.bytes) {
    history_bytes_ -= bytes_of(history_.front());
    forgotten_ = history_.front().object.version;
    history_.pop_front();
  }
}

Result<Changes> MemoryStore::changes_since(Version version, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  if (version > version_) return fail(version_too_new(version, version_));
  if (version < forgotten_) return fail(version_too_old(version, version_));
  Changes changes;
  changes.version = version_;
  const auto later = [](Version wanted, const Change& change) {
    return wanted < change.object.version;
  };
  auto at = std::upper_bound(history_.begin(), history_.end(), version, later);
  for (; at != history_.end(); ++at) {
    if (limit != 0 && changes.changes.size() == limit) {
      changes.more = true;
      changes.version = changes.changes.back().object.version;
      break;
    }
    changes.changes.push_back(*at);
  }
  return changes;
}

Version MemoryStore::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

}  // namespace

std::unique_ptr<ObjectStore> make_memory_store(const MemoryStoreOptions& options) {
  return std::make_unique<MemoryStore>(options);
}

}  // namespace postern::proxy::access
