#include "proxy/access/state/session_table.h"

#include <functional>
#include <utility>

// Tested by tests/proxy/access/state/session_table_test.cc
namespace postern::proxy::access {

void RefusalRing::add(RecordedRefusal refusal) {
  const std::lock_guard lock(mutex_);
  if (refusals_.size() == kMax) {
    refusals_.pop_front();
  }
  refusals_.push_back(std::move(refusal));
}

std::vector<RecordedRefusal> RefusalRing::all() const {
  const std::lock_guard lock(mutex_);
  return {refusals_.begin(), refusals_.end()};
}

SessionTable::Part& SessionTable::part_of(std::string_view digest) const {
  return parts_[std::hash<std::string_view>()(digest) % parts_.size()];
}

std::shared_ptr<const SessionEntry> SessionTable::find(std::string_view digest) const {
  Part& part = part_of(digest);
  const std::shared_lock lock(part.mutex);
  const auto found = part.entries.find(digest);
  return found == part.entries.end() ? nullptr : found->second;
}

void SessionTable::put(const std::string& digest, std::shared_ptr<const SessionEntry> entry) {
  Part& part = part_of(digest);
  bool replaced = false;
  {
    const std::lock_guard lock(part.mutex);
    auto [place, is_new] = part.entries.try_emplace(digest);
    place->second.swap(entry);
    replaced = !is_new;
  }
  if (replaced) {
    version_.fetch_add(1, std::memory_order_release);
  }
  // What was there dies here, outside of the lock.
}

void SessionTable::remove(const std::string& digest) {
  Part& part = part_of(digest);
  std::shared_ptr<const SessionEntry> removed;
  {
    const std::lock_guard lock(part.mutex);
    const auto found = part.entries.find(digest);
    if (found == part.entries.end()) {
      return;
    }
    removed = std::move(found->second);
    part.entries.erase(found);
  }
  version_.fetch_add(1, std::memory_order_release);
}

void SessionTable::keep_fresh(std::chrono::steady_clock::time_point until,
                              std::chrono::steady_clock::time_point now) {
  fresh_until_.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  const bool stale = !fresh(now);
  if (stale && !told_stale_) {
    version_.fetch_add(1, std::memory_order_release);
  }
  told_stale_ = stale;
}

std::size_t SessionTable::size() const {
  std::size_t size = 0;
  for (Part& part : parts_) {
    const std::shared_lock lock(part.mutex);
    size += part.entries.size();
  }
  return size;
}

}  // namespace postern::proxy::access
