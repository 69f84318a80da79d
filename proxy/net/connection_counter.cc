#include "proxy/net/connection_counter.h"

namespace postern::proxy {

namespace {

/// IPv4 addresses (mapped ones too) and the first half of IPv6 addresses, in one space: as numbers
/// in the order of the network the halves are larger, but for those of ::1 and its like.
std::uint64_t key_of(const boost::asio::ip::address& address) {
  if (address.is_v4()) return address.to_v4().to_uint();
  const boost::asio::ip::address_v6 v6 = address.to_v6();
  if (v6.is_v4_mapped())
    return boost::asio::ip::make_address_v4(boost::asio::ip::v4_mapped, v6).to_uint();
  const auto bytes = v6.to_bytes();
  std::uint64_t half = 0;
  for (std::size_t i = 0; i < sizeof half; ++i) half = half << 8U | bytes[i];
  return half;
}

}  // namespace

ConnectionCounter::Place::~Place() {
  if (counter_) counter_->release(key_);
}

ConnectionCounter::Verdict ConnectionCounter::admit(const boost::asio::ip::address& address,
                                                    Place& place) {
  const std::uint64_t key = key_of(address);
  if (total_.fetch_add(1, std::memory_order_relaxed) >= limits_.total) {
    total_.fetch_sub(1, std::memory_order_relaxed);
    return Verdict::kTooMany;
  }
  Shard& shard = shard_of(key);
  {
    const std::lock_guard lock(shard.mutex);
    std::size_t& count = shard.counts[key];
    if (count >= limits_.per_address) {
      if (count == 0) shard.counts.erase(key);
      total_.fetch_sub(1, std::memory_order_relaxed);
      return Verdict::kTooManyFromAddress;
    }
    ++count;
  }
  place.counter_ = shared_from_this();
  place.key_ = key;
  return Verdict::kAdmitted;
}

ConnectionCounter::Shard& ConnectionCounter::shard_of(std::uint64_t key) {
  return shards_[((key * 0x9E3779B97F4A7C15ULL) >> 32) % kShards];
}

void ConnectionCounter::release(std::uint64_t key) {
  total_.fetch_sub(1, std::memory_order_relaxed);
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.counts.find(key);
  if (--found->second == 0) shard.counts.erase(found);
}

}  // namespace postern::proxy
