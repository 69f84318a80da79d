#pragma once

#include <array>
#include <atomic>
#include <boost/asio/ip/address.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>

namespace postern::proxy {
/// How many client connections there may be at a time.
struct ConnectionLimits {
  std::size_t total = 16'384;
  /// Of one client address; of IPv6, of one /64, which is what one client has. Generous, because
  /// offices and load balancers share one.
  std::size_t per_address = 1'024;
};

/// Counts the connections of all workers against the limits. Safe from any thread.
class ConnectionCounter : public std::enable_shared_from_this<ConnectionCounter> {
 public:
  enum class Verdict { kAdmitted, kTooMany, kTooManyFromAddress };

  explicit ConnectionCounter(ConnectionLimits limits) : limits_(limits) {}

  /// A connection that is counted, until this is destroyed.
  class Place {
   public:
    Place() = default;
    Place(Place&&) noexcept = default;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class ConnectionCounter;
    std::shared_ptr<ConnectionCounter> counter_;
    std::uint64_t key_ = 0;
  };

  /// Counts a connection from this address, or says why not.
  Verdict admit(const boost::asio::ip::address& address, Place& place);
  std::size_t total() const { return total_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 16;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<std::uint64_t, std::size_t> counts;
  };

  Shard& shard_of(std::uint64_t key);
  void release(std::uint64_t key);

  const ConnectionLimits limits_;
  std::atomic<std::size_t> total_{0};
  std::array<Shard, kShards> shards_;
};

}  // namespace postern::proxy
