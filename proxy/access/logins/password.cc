#include "proxy/access/logins/password.h"

#include "kube/text.h"
#include "proxy/crypto/base64url.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <optional>
#include <vector>

namespace postern::proxy::access {

namespace {

constexpr std::string_view kPrefix = "$scrypt$";
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kMinSaltSize = 8;
constexpr std::size_t kHashSize = 32;

/// What scrypt costs: 2^log_n * r * 128 bytes, p times.
struct Cost {
  std::uint32_t log_n = 15;
  std::uint32_t r = 8;
  std::uint32_t p = 1;
};

// More than this would let a stored text take the memory or the time of the process.
constexpr Cost kMost{18, 16, 4};

struct Hash {
  Cost cost;
  std::string salt;
  std::string hash;
};

kube::Status no_memory() {
  return kube::Status::unavailable("there is no memory to check a password; try again");
}

Result<std::string> scrypt(std::string_view password, std::string_view salt, const Cost& cost) {
  std::string hash(kHashSize, '\0');
  const std::uint64_t n = std::uint64_t{1} << cost.log_n;
  // What the algorithm takes, and a little more for its blocks.
  const std::uint64_t memory = 128 * (n * cost.r + std::uint64_t{cost.r} * cost.p) + (1 << 20);
  const int done =
      EVP_PBE_scrypt(password.data(), password.size(),
                     reinterpret_cast<const unsigned char*>(salt.data()), salt.size(), n, cost.r,
                     cost.p, memory, reinterpret_cast<unsigned char*>(hash.data()), hash.size());
  ERR_clear_error();
  if (done != 1) return fail(no_memory());
  return hash;
}

/// Takes "NAME=NUMBER" and the separator behind it off the text.
bool take_number(std::string_view& text, std::string_view name, char end, std::uint32_t most,
                 std::uint32_t& number) {
  if (!text.starts_with(name)) return false;
  text.remove_prefix(name.size());
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number == 0 || number > most || stop == text.data() + text.size() ||
      *stop != end) {
    return false;
  }
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()) + 1);
  return true;
}

std::optional<Hash> parse(std::string_view text) {
  Hash hash;
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  if (!take_number(text, "ln=", ',', kMost.log_n, hash.cost.log_n) ||
      !take_number(text, "r=", ',', kMost.r, hash.cost.r) ||
      !take_number(text, "p=", '$', kMost.p, hash.cost.p)) {
    return std::nullopt;
  }
  const std::size_t end = text.find('$');
  if (end == std::string_view::npos) return std::nullopt;
  const auto salt = base64url_decode(text.substr(0, end));
  const auto bytes = base64url_decode(text.substr(end + 1));
  if (!salt || !bytes || salt->size() < kMinSaltSize || bytes->size() != kHashSize) {
    return std::nullopt;
  }
  hash.salt = *salt;
  hash.hash = *bytes;
  return hash;
}

/// For who is not there: a hash that takes as long as any other, and fits no password.
Result<bool> check_nobody(std::string_view password) {
  const auto hash = scrypt(password, std::string(kSaltSize, '\0'), Cost{});
  if (!hash) return fail(hash.error());
  return false;
}

/// Code points; nothing for text that is not UTF-8.
std::optional<std::vector<std::uint32_t>> characters_of(std::string_view text) {
  std::vector<std::uint32_t> characters;
  for (std::size_t at = 0; at < text.size();) {
    const kube::CodePoint point = kube::decode_utf8(text, at);
    if (point.length == 0) return std::nullopt;
    characters.push_back(point.value);
    at += point.length;
  }
  return characters;
}

}  // namespace

std::string password_fault(std::string_view password, std::string_view user) {
  if (password.size() > kMaxPasswordBytes) {
    return "a password has at most " + std::to_string(kMaxPasswordBytes) + " bytes";
  }
  const auto characters = characters_of(password);
  if (!characters || !kube::is_printable(password)) {
    return "a password has no control characters and is UTF-8";
  }
  if (characters->size() < kMinPasswordCharacters) {
    return "a password has at least " + std::to_string(kMinPasswordCharacters) + " characters";
  }
  if (characters->end() ==
      std::adjacent_find(characters->begin(), characters->end(), std::not_equal_to<>())) {
    return "a password is not one character again and again";
  }
  if (kube::equals_ignore_case(password, user)) return "a password is not the user's name";
  return "";
}

Result<std::string> hash_password(std::string_view password) {
  std::string salt(kSaltSize, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(salt.data()), kSaltSize) != 1) {
    return fail(kube::Status::internal("the system gives no random bytes"));
  }
  const Cost cost;
  const auto hash = scrypt(password, salt, cost);
  if (!hash) return fail(hash.error());
  return std::string(kPrefix) + "ln=" + std::to_string(cost.log_n) +
         ",r=" + std::to_string(cost.r) + ",p=" + std::to_string(cost.p) + "$" +
         base64url_encode(salt) + "$" + base64url_encode(*hash);
}

Result<bool> check_password(std::string_view password, std::string_view stored) {
  if (password.size() > kMaxPasswordBytes) password = password.substr(0, 0);  // is nobody's
  if (stored.empty() || password.empty()) return check_nobody(password);
  const std::optional<Hash> kept = parse(stored);
  if (!kept) {
    if (auto checked = check_nobody(password); !checked) return checked;
    return fail(kube::Status::internal("a stored password hash cannot be read"));
  }
  const auto hash = scrypt(password, kept->salt, kept->cost);
  if (!hash) return fail(hash.error());
  return CRYPTO_memcmp(hash->data(), kept->hash.data(), kHashSize) == 0;
}

bool is_outdated(std::string_view stored) {
  const std::optional<Hash> kept = parse(stored);
  const Cost today;
  return kept &&
         (kept->cost.log_n < today.log_n || kept->cost.r < today.r || kept->cost.p < today.p);
}

}  // namespace postern::proxy::access
