#include "proxy/net/ticket_keys.h"

#include "proxy/net/openssl.h"

#include <algorithm>
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <openssl/rand.h>
#include <stdexcept>

namespace postern::proxy {

namespace {

constexpr int kFailed = -1, kUnknown = 0, kUse = 1, kUseAndRenew = 2;  // of OpenSSL's callback

TicketKeys::Key random_key() {
  TicketKeys::Key key;
  const bool good = RAND_bytes(key.name.data(), static_cast<int>(key.name.size())) == 1 &&
                    RAND_bytes(key.aes.data(), static_cast<int>(key.aes.size())) == 1 &&
                    RAND_bytes(key.hmac.data(), static_cast<int>(key.hmac.size())) == 1;
  if (!good) throw std::runtime_error("no randomness for session ticket keys");
  return key;
}

bool set_hmac(EVP_MAC_CTX* mac, TicketKeys::Key& key) {
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, key.hmac.data(), key.hmac.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  return EVP_MAC_CTX_set_params(mac, params) == 1;
}

int seal(TicketKeys& keys, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  TicketKeys::Key key = keys.current(std::chrono::steady_clock::now());
  if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1) return kFailed;
  std::copy(key.name.begin(), key.name.end(), name);
  const bool good =
      EVP_EncryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key.aes.data(), iv) == 1 &&
      set_hmac(mac, key);
  return good ? kUse : kFailed;
}

int open(TicketKeys& keys, const unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
         EVP_MAC_CTX* mac) {
  auto found = keys.find(name, std::chrono::steady_clock::now());
  if (!found) return kUnknown;
  const bool good =
      set_hmac(mac, found->key) &&
      EVP_DecryptInit_ex(cipher, EVP_aes_256_cbc(), nullptr, found->key.aes.data(), iv) == 1;
  if (!good) return kFailed;
  return found->renew ? kUseAndRenew : kUse;
}

int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
              EVP_MAC_CTX* mac, int sealing) {
  auto* keys = static_cast<TicketKeys*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  return sealing == 1 ? seal(*keys, name, iv, cipher, mac) : open(*keys, name, iv, cipher, mac);
}

}  // namespace

TicketKeys::TicketKeys(TimePoint now) : current_(random_key()), made_(now) {}

TicketKeys::Key TicketKeys::current(TimePoint now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  return current_;
}

std::optional<TicketKeys::Found> TicketKeys::find(const unsigned char* name, TimePoint now) {
  const std::lock_guard lock(mutex_);
  rotate(now);
  if (std::equal(current_.name.begin(), current_.name.end(), name)) return Found{current_, false};
  if (previous_ && std::equal(previous_->name.begin(), previous_->name.end(), name))
    return Found{*previous_, true};
  return std::nullopt;
}

void TicketKeys::rotate(TimePoint now) {
  if (now - made_ < kLifetime) return;
  if (now - made_ < 2 * kLifetime) {
    previous_ = current_;
  } else {
    previous_.reset();
  }
  current_ = random_key();
  made_ = now;
}

void TicketKeys::install(SSL_CTX* context) {
  SSL_CTX_set_app_data(context, this);
  SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
}

}  // namespace postern::proxy
