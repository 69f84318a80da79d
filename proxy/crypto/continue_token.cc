#include "proxy/crypto/continue_token.h"

#include "proxy/crypto/base64url.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/rand.h>
#include <stdexcept>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace postern::proxy {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kTagSize = 16;

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)>;

CipherContext make_cipher_context() {
  CipherContext context(EVP_CIPHER_CTX_new(), &EVP_CIPHER_CTX_free);
  if (!context) {
    throw std::bad_alloc();
  }
  return context;
}

const std::uint8_t* bytes_of(std::string_view text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

void require(int ok, const char* what) {
  if (ok != 1) {
    throw std::runtime_error(std::string("OpenSSL failed: ") + what);
  }
}

[[noreturn]] void fail_on_file(const std::string& path, const std::string& what) {
  throw std::runtime_error(path + ": " + what);
}

/// A file descriptor that closes itself.
class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

void write_new_key(const std::string& path, const MasterKey::Bytes& bytes) {
  const std::string temporary = path + ".new";
  {
    const File file(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (file.get() < 0) {
      fail_on_file(temporary, std::strerror(errno));
    }
    const bool written =
        ::write(file.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()) &&
        ::fsync(file.get()) == 0;
    if (!written) {
      fail_on_file(temporary, std::strerror(errno));
    }
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    fail_on_file(path, std::strerror(errno));
  }
}

}  // namespace

MasterKey::Bytes MasterKey::random() {
  Bytes bytes{};
  require(RAND_bytes(bytes.data(), static_cast<int>(bytes.size())), "random bytes");
  return bytes;
}

MasterKey MasterKey::load_or_create(const std::string& path) {
  Bytes bytes{};
  {
    const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.get() >= 0) {
      std::array<std::uint8_t, sizeof(Bytes) + 1> read_bytes{};
      const ssize_t size = ::read(file.get(), read_bytes.data(), read_bytes.size());
      if (size != static_cast<ssize_t>(bytes.size())) {
        fail_on_file(path,
                     "is not a master key (32 bytes); restore it, or remove it to get a new one");
      }
      std::memcpy(bytes.data(), read_bytes.data(), bytes.size());
      return MasterKey(bytes);
    }
    if (errno != ENOENT) {
      fail_on_file(path, std::strerror(errno));
    }
  }
  bytes = random();
  write_new_key(path, bytes);
  return MasterKey(bytes);
}

MasterKey::Bytes MasterKey::derive(std::string_view purpose) const {
  std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nullptr), &EVP_PKEY_CTX_free);
  Bytes key{};
  std::size_t size = key.size();
  require(context ? 1 : 0, "HKDF");
  require(EVP_PKEY_derive_init(context.get()), "HKDF");
  require(EVP_PKEY_CTX_set_hkdf_md(context.get(), EVP_sha256()), "HKDF digest");
  require(EVP_PKEY_CTX_set1_hkdf_key(context.get(), bytes_.data(), static_cast<int>(bytes_.size())),
          "HKDF key");
  require(EVP_PKEY_CTX_add1_hkdf_info(context.get(), bytes_of(purpose),
                                      static_cast<int>(purpose.size())),
          "HKDF info");
  require(EVP_PKEY_derive(context.get(), key.data(), &size), "HKDF derive");
  return key;
}

std::string ContinueSealer::seal(std::string_view token, std::string_view binding) const {
  const CipherContext context = make_cipher_context();
  std::string sealed(1 + kNonceSize + token.size() + kTagSize, '\0');
  auto* const bytes = reinterpret_cast<std::uint8_t*>(sealed.data());
  bytes[0] = kVersion;
  std::uint8_t* const nonce = bytes + 1;
  std::uint8_t* const ciphertext = nonce + kNonceSize;
  int size = 0;
  require(RAND_bytes(nonce, kNonceSize), "random bytes");
  require(EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce), "GCM");
  require(EVP_EncryptUpdate(context.get(), nullptr, &size, bytes_of(binding),
                            static_cast<int>(binding.size())),
          "GCM binding");
  require(EVP_EncryptUpdate(context.get(), ciphertext, &size, bytes_of(token),
                            static_cast<int>(token.size())),
          "GCM encrypt");
  require(EVP_EncryptFinal_ex(context.get(), ciphertext + token.size(), &size), "GCM finish");
  require(
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, kTagSize, ciphertext + token.size()),
      "GCM tag");
  return base64url_encode(sealed);
}

std::optional<std::string> ContinueSealer::open(std::string_view sealed,
                                                std::string_view binding) const {
  const std::optional<std::string> raw = base64url_decode(sealed);
  if (!raw || raw->size() < 1 + kNonceSize + kTagSize ||
      static_cast<std::uint8_t>(raw->front()) != kVersion) {
    return std::nullopt;
  }
  const std::uint8_t* const nonce = bytes_of(*raw) + 1;
  const std::uint8_t* const ciphertext = nonce + kNonceSize;
  const std::size_t size = raw->size() - 1 - kNonceSize - kTagSize;
  std::array<std::uint8_t, kTagSize> tag{};
  std::memcpy(tag.data(), ciphertext + size, kTagSize);

  const CipherContext context = make_cipher_context();
  std::string token(size, '\0');
  int written = 0;
  require(EVP_DecryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, key_.data(), nonce), "GCM");
  require(EVP_DecryptUpdate(context.get(), nullptr, &written, bytes_of(binding),
                            static_cast<int>(binding.size())),
          "GCM binding");
  require(EVP_DecryptUpdate(context.get(), reinterpret_cast<std::uint8_t*>(token.data()), &written,
                            ciphertext, static_cast<int>(size)),
          "GCM decrypt");
  require(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, kTagSize, tag.data()),
          "GCM tag");
  std::array<std::uint8_t, kTagSize> rest{};
  if (EVP_DecryptFinal_ex(context.get(), rest.data(), &written) != 1) {
    return std::nullopt;
  }
  return token;
}

}  // namespace postern::proxy
