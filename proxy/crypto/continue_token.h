#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postern::proxy {

/// The installation's one secret, from which every other key is derived (HKDF-SHA256, one label a
/// use). 32 random bytes in `dataDir/master.key`, mode 0600.
class MasterKey {
 public:
  using Bytes = std::array<std::uint8_t, 32>;

  explicit MasterKey(const Bytes& bytes) : bytes_(bytes) {}
  /// Reads the file, or makes it (written whole, synced, renamed). Throws std::runtime_error with
  /// the file's name when it can be neither read nor made, or has another size.
  static MasterKey load_or_create(const std::string& path);
  static Bytes random();
  /// A key for one purpose. Throws on a failure of the library.
  Bytes derive(std::string_view purpose) const;

 private:
  Bytes bytes_;
};

/// Seals the API server's `continue` tokens: they name a hidden object, so a client only ever sees
/// them encrypted (AES-256-GCM), and only the call that they came from can use them.
///
/// Immutable; safe from any thread. Format: base64url(1 byte version | 12 bytes nonce | ciphertext
/// | tag).
class ContinueSealer {
 public:
  explicit ContinueSealer(const MasterKey& master) : key_(master.derive("continue-token")) {}

  /// `binding` names the call: user, cluster, resource, namespace and selectors
  /// (continue_binding()).
  std::string seal(std::string_view token, std::string_view binding) const;
  /// nullopt for anything that seal() did not make with this key and binding.
  std::optional<std::string> open(std::string_view sealed, std::string_view binding) const;

 private:
  MasterKey::Bytes key_;
};

}  // namespace postern::proxy
