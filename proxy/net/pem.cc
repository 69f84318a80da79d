#include "proxy/net/pem.h"

#include "proxy/read_file.h"

#include <openssl/pem.h>

namespace postern::proxy {

namespace {

constexpr std::size_t kMaxFile = std::size_t{1024} * 1024;

/// Without it OpenSSL would ask on the terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

tl::unexpected<std::string> failure(const std::string& origin, const std::string& why) {
  return tl::unexpected<std::string>(origin + ": " + why);
}

BioPtr memory_bio(const std::string& text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

}  // namespace

tl::expected<Pem, std::string> read_pem_file(const std::string& path) {
  auto text = read_file(path, kMaxFile);
  if (!text) return tl::unexpected(text.error().front().to_string());
  return Pem{std::move(*text), path};
}

tl::expected<std::vector<X509Ptr>, std::string> parse_certificates(const Pem& pem) {
  ERR_clear_error();
  const BioPtr bio = memory_bio(pem.text);
  std::vector<X509Ptr> certificates;
  while (X509Ptr certificate{PEM_read_bio_X509(bio.get(), nullptr, no_passphrase, nullptr)}) {
    certificates.push_back(std::move(certificate));
  }
  // What ends the loop well is that there is no further PEM block.
  const bool at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
  const std::string reason = take_openssl_error();
  if (!at_end) return failure(pem.origin, "broken certificate: " + reason);
  if (certificates.empty()) return failure(pem.origin, "holds no PEM certificate");
  return certificates;
}

tl::expected<EvpPkeyPtr, std::string> parse_private_key(const Pem& pem) {
  ERR_clear_error();
  const BioPtr bio = memory_bio(pem.text);
  EvpPkeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  if (key) return key;
  ERR_clear_error();
  if (pem.text.find("ENCRYPTED") != std::string::npos)
    return failure(pem.origin, "the private key is encrypted; postern reads plain keys only");
  return failure(pem.origin, "holds no usable PEM private key");
}

}  // namespace postern::proxy
