#pragma once

#include "proxy/crypto/continue_token.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace postern::proxy::access {

/// What a seal is about: one state of one custom resource.
struct SealedState {
  std::string_view kind;  ///< of the store: "accessrequest"
  std::string_view name;  ///< of the store, before it became a DNS name
  /// Both are given by the API server alone, whatever a client writes: another object has another
  /// uid, and every change of a spec has the next generation. So the seal fits one object in one
  /// state, and neither a copy nor an old state that somebody puts back has it.
  std::string_view uid;
  std::uint64_t generation = 0;
  bool removed = false;
  /// Of this write alone: two writers of the same state know whose it is.
  std::string_view nonce;
  std::string_view data;
};

/// Proves that a state was written by somebody who has the master key: HMAC-SHA-256 under a key of
/// its own (HKDF label "store-seal"), base64url. Immutable; safe from any thread.
class Sealer {
 public:
  explicit Sealer(const MasterKey& master) : key_(master.derive("store-seal")) {}

  /// 43 characters. Throws on a failure of the library.
  std::string seal(const SealedState& state) const;
  /// In constant time.
  bool fits(const SealedState& state, std::string_view seal) const;

 private:
  MasterKey::Bytes key_;
};

}  // namespace postern::proxy::access
