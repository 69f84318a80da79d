#pragma once

#include <array>
#include <chrono>
#include <mutex>
#include <openssl/types.h>
#include <optional>

namespace postern::proxy {

/// The keys that seal the session tickets of a server, made at random and replaced every 12 hours;
/// tickets of the key before are still opened. In memory only: tickets end with the process.
///
/// Safe from any thread (handshakes only take the lock).
class TicketKeys {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  static constexpr std::chrono::hours kLifetime{12};

  struct Key {
    std::array<unsigned char, 16> name;
    std::array<unsigned char, 32> aes;
    std::array<unsigned char, 32> hmac;
  };

  /// Throws std::runtime_error when there is no randomness.
  explicit TicketKeys(TimePoint now = std::chrono::steady_clock::now());

  /// The key for new tickets.
  Key current(TimePoint now);
  struct Found {
    Key key;
    bool renew = false;  ///< of the key before: give the client a new ticket
  };
  std::optional<Found> find(const unsigned char* name, TimePoint now);

  /// Makes the context seal and open its tickets with these keys, which must outlive it.
  void install(SSL_CTX* context);

 private:
  void rotate(TimePoint now);

  std::mutex mutex_;
  Key current_;
  std::optional<Key> previous_;
  TimePoint made_;
};

}  // namespace postern::proxy
