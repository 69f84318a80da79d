#pragma once

#include "proxy/access/state/objects.h"
#include "rbac/grant.h"
#include "rbac/user_info.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace postern::proxy::access {

/// The newest refusals under one session. Safe from any thread.
class RefusalRing {
 public:
  static constexpr std::size_t kMax = 64;

  void add(RecordedRefusal refusal);
  /// Oldest first.
  std::vector<RecordedRefusal> all() const;

 private:
  mutable std::mutex mutex_;
  std::deque<RecordedRefusal> refusals_;
};

/// A session as requests meet it: an immutable value, made anew whenever anything that it rests on
/// changes.
struct SessionEntry {
  std::string id;
  rbac::UserInfo user;
  TimePoint expires;                           ///< by the wall clock
  std::chrono::steady_clock::time_point ends;  ///< by the monotonic clock; the earlier one counts
  bool confined = false;
  std::string basis{};  ///< SessionBasis::token
  /// What it has assumed, for Policy::subject(). Assumed requests that give nothing (any more) are
  /// grants without roles: with them the static roles allow nothing either.
  std::vector<rbac::Grant> grants;
  /// Another one for each entry that was ever made: equal numbers, equal entries.
  std::uint64_t generation = 0;
  std::shared_ptr<RefusalRing> refusals;  ///< one for all entries of the session
};

/// The sessions in force, by the digest of their secret: read by every worker, written by the
/// access thread. A reader takes a shared lock of one of 64 parts, for a lookup; nobody waits for
/// the access thread. Every method is safe from any thread.
class SessionTable {
 public:
  /// nullptr where there is none. Whether it has come to its end is not looked at.
  std::shared_ptr<const SessionEntry> find(std::string_view digest) const;
  void put(const std::string& digest, std::shared_ptr<const SessionEntry> entry);
  void remove(const std::string& digest);
  /// Grows when an entry that was there is replaced or removed: what was allowed may not be any
  /// more. New entries do not count.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  /// Whether what grants rest on is known to be as it is here. Always, unless keep_fresh() said
  /// until when.
  bool fresh(std::chrono::steady_clock::time_point now) const {
    return now.time_since_epoch().count() < fresh_until_.load(std::memory_order_relaxed);
  }
  /// The table counts as fresh until then. Once it has gone stale, that is a change as any other
  /// (version()).
  void keep_fresh(std::chrono::steady_clock::time_point until,
                  std::chrono::steady_clock::time_point now);
  std::size_t size() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view digest) const {
      return std::hash<std::string_view>()(digest);
    }
  };
  struct Part {
    std::shared_mutex mutex;
    std::unordered_map<std::string, std::shared_ptr<const SessionEntry>, Hash, std::equal_to<>>
        entries;
  };
  Part& part_of(std::string_view digest) const;

  mutable std::array<Part, 64> parts_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<std::chrono::steady_clock::rep> fresh_until_{
      std::chrono::steady_clock::time_point::max().time_since_epoch().count()};
  bool told_stale_ = false;  ///< the access thread's
};

}  // namespace postern::proxy::access
