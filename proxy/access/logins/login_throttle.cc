#include "proxy/access/logins/login_throttle.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstring>
#include <string>

namespace postern::proxy::access {

namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// FNV-1a with a seed, then the finishing steps of MurmurHash3, so that all bits take part.
std::uint64_t hash_of(std::uint64_t seed, std::string_view text) {
  std::uint64_t hash = seed ^ 0xcbf29ce484222325U;
  for (const char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdU;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53U;
  return hash ^ hash >> 33;
}

/// What of an address one person has: all of an IPv4 one, the /64 of an IPv6 one.
std::string network_of(std::string_view address) {
  const std::string text(address);
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1)
    return "4" + std::string(bytes.data(), 4);
  if (::inet_pton(AF_INET6, text.substr(0, text.find('%')).c_str(), bytes.data()) != 1) return "";
  constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (std::string_view(bytes.data(), kMapped.size()) == kMapped) {
    return "4" + std::string(bytes.data() + kMapped.size(), 4);
  }
  return "6" + std::string(bytes.data(), 8);
}

seconds delay_after(std::uint32_t wrong, const ThrottleRule& rule) {
  if (wrong < rule.free) return seconds(0);
  const std::uint32_t doublings = std::min(wrong - rule.free, 30U);
  return std::min(rule.first * (std::int64_t{1} << doublings), rule.longest);
}

}  // namespace

LoginThrottle::LoginThrottle(const LoginThrottleOptions& options)
    : seed_(options.seed),
      pair_{options.pair, std::vector<Slot>(std::max<std::size_t>(options.slots, 1))},
      user_{options.user, std::vector<Slot>(pair_.slots.size())},
      address_{options.address, std::vector<Slot>(pair_.slots.size())} {}

LoginThrottle::Slots LoginThrottle::slots_of(std::string_view user, std::string_view address) {
  const std::string network = network_of(address);
  const auto slot = [&](Table& table, char what, const std::string& text) -> Slot& {
    return table.slots[hash_of(seed_, what + text) % table.slots.size()];
  };
  // The size keeps "ab" + "c" and "a" + "bc" apart.
  const std::string pair = std::to_string(network.size()) + network + std::string(user);
  return {slot(pair_, 'p', pair), slot(user_, 'u', std::string(user)),
          slot(address_, 'a', network)};
}

void LoginThrottle::forget(Slot& slot, const ThrottleRule& rule, TimePoint now) {
  if (slot.wrong != 0 && now - slot.last >= rule.memory) slot.wrong = 0;
}

nanoseconds LoginThrottle::wait(const Slot& slot, const ThrottleRule& rule, TimePoint now) {
  return slot.last + delay_after(slot.wrong, rule) - now;
}

void LoginThrottle::charge(Slot& slot, TimePoint now) {
  slot.last = now;
  if (slot.wrong < UINT32_MAX) ++slot.wrong;
}

void LoginThrottle::refund(Slot& slot) {
  if (slot.wrong > 0) --slot.wrong;
}

Result<void> LoginThrottle::begin(std::string_view user, std::string_view address, TimePoint now) {
  latest_ = now = std::max(now, latest_);
  const Slots slots = slots_of(user, address);
  forget(slots.pair, pair_.rule, now);
  forget(slots.user, user_.rule, now);
  forget(slots.address, address_.rule, now);
  nanoseconds longest =
      std::max(wait(slots.pair, pair_.rule, now), wait(slots.address, address_.rule, now));
  // Others' guesses must not keep users out of the places that they work at.
  if (!slots.pair.known) longest = std::max(longest, wait(slots.user, user_.rule, now));
  if (longest > nanoseconds(0)) {
    const auto left = static_cast<int>(std::chrono::ceil<seconds>(longest).count());
    return fail(kube::Status::too_many_requests(
        "too many logins that are wrong or not answered yet; try again in " + std::to_string(left) +
            " s",
        left));
  }
  charge(slots.pair, now);
  charge(slots.user, now);
  charge(slots.address, now);
  return {};
}

void LoginThrottle::succeeded(std::string_view user, std::string_view address, TimePoint now) {
  latest_ = std::max(now, latest_);
  const Slots slots = slots_of(user, address);
  slots.pair.wrong = 0;
  slots.pair.known = true;
  // Only this attempt: a login of one's own must not pay for guesses at others.
  refund(slots.user);
  refund(slots.address);
}

void LoginThrottle::abandoned(std::string_view user, std::string_view address) {
  const Slots slots = slots_of(user, address);
  refund(slots.pair);
  refund(slots.user);
  refund(slots.address);
}

}  // namespace postern::proxy::access
