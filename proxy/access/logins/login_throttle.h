#pragma once

#include "kube/result.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace postern::proxy::access {

/// After `free` wrong attempts, each further one is admitted only so long after the last: `first`,
/// then twice as long each time, at most `longest`. Forgotten after `memory` without a wrong one.
struct ThrottleRule {
  std::uint32_t free = 5;
  std::chrono::seconds first{1};
  std::chrono::seconds longest{900};
  std::chrono::seconds memory{3600};
};
/// How many wrong logins are free, and how long the next ones wait.
struct LoginThrottleOptions {
  /// Of one user name from one address: somebody guesses. The strict one.
  ThrottleRule pair{5, std::chrono::seconds(1), std::chrono::minutes(15), std::chrono::hours(1)};
  /// Of one user name from everywhere: many guess together. Milder, because it also keeps the user
  /// out, but from addresses at which the user has logged in before.
  ThrottleRule user{30, std::chrono::seconds(1), std::chrono::minutes(1), std::chrono::hours(1)};
  /// Of one address, whatever the name: somebody tries one password on all. Milder, because many
  /// people may share an address.
  ThrottleRule address{50, std::chrono::seconds(1), std::chrono::minutes(5), std::chrono::hours(1)};
  std::size_t slots = 1 << 15;  ///< per rule; 16 bytes each
  /// Random, so that nobody knows which names share a slot.
  std::uint64_t seed = 0;
};

/// Slows down who guesses passwords and invites.
///
/// Names that do not exist are counted like those that do, so nothing here tells them apart. Memory
/// is fixed: names and addresses share slots by a hash, so that nothing can be pushed out by
/// filling it, at the price that two may (rarely) wait for each other. An IPv6 address counts as
/// its /64, since that is what one person has.
///
/// One thread (the access thread). The clock is a parameter; it should be a monotonic one, and a
/// time before the last one counts as the last one.
class LoginThrottle {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  explicit LoginThrottle(const LoginThrottleOptions& options = {});

  /// Asked before the password is looked at. Success charges the attempt as a wrong one, so that
  /// many at the same time are not free; succeeded() takes it back. 429 with `retryAfterSeconds`
  /// otherwise, which charges nothing: who waits is not made to wait longer. `address` is as text,
  /// without a port; "" and what is no address count as one.
  Result<void> begin(std::string_view user, std::string_view address, TimePoint now);

  /// The attempt that begin() admitted was right.
  void succeeded(std::string_view user, std::string_view address, TimePoint now);
  /// It was neither right nor wrong: the store or the memory failed.
  void abandoned(std::string_view user, std::string_view address);

 private:
  struct Slot {
    TimePoint last;           ///< when it was last charged
    std::uint32_t wrong = 0;  ///< attempts that were charged
    bool known = false;       ///< a login from here was right once
  };
  struct Table {
    ThrottleRule rule;
    std::vector<Slot> slots;
  };
  struct Slots {
    Slot& pair;
    Slot& user;
    Slot& address;
  };
  Slots slots_of(std::string_view user, std::string_view address);
  static void forget(Slot& slot, const ThrottleRule& rule, TimePoint now);
  static std::chrono::nanoseconds wait(const Slot& slot, const ThrottleRule& rule, TimePoint now);
  static void charge(Slot& slot, TimePoint now);
  static void refund(Slot& slot);

  std::uint64_t seed_;
  TimePoint latest_{};
  Table pair_;
  Table user_;
  Table address_;
};

}  // namespace postern::proxy::access
