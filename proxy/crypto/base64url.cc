#include "proxy/crypto/base64url.h"

#include <algorithm>
#include <openssl/evp.h>

namespace postern::proxy {

std::string base64url_encode(std::string_view bytes) {
  std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(bytes.data()),
                                   static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(size));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (!text.empty() && text.back() == '=') {
    text.pop_back();
  }
  return text;
}

std::optional<std::string> base64url_decode(std::string_view text) {
  std::string padded(text);
  if (padded.find_first_of("+/=\r\n\t ") != std::string::npos || padded.size() % 4 == 1) {
    return std::nullopt;
  }
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  const std::size_t padding = (4 - padded.size() % 4) % 4;
  padded.append(padding, '=');
  std::string bytes(3 * (padded.size() / 4), '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                   reinterpret_cast<const unsigned char*>(padded.data()),
                                   static_cast<int>(padded.size()));
  if (size < 0) {
    return std::nullopt;
  }
  bytes.resize(static_cast<std::size_t>(size) - padding);
  // Encoding again catches the stray low bits that decoders let pass.
  if (base64url_encode(bytes) != text) {
    return std::nullopt;
  }
  return bytes;
}

}  // namespace postern::proxy
