#pragma once

#include "proxy/net/openssl.h"

#include <string>
#include <tl/expected.hpp>
#include <vector>

/// Reading certificates and keys. Errors are sentences that begin with the origin.
namespace postern::proxy {

/// PEM text and where it came from: a file's path or a configuration key, for messages.
struct Pem {
  std::string text;
  std::string origin;
};

/// A file's text, of 1 MiB at most; the error says which file and why.
tl::expected<Pem, std::string> read_pem_file(const std::string& path);

/// All certificates in the text, in their order. An error when there is none or one is broken.
tl::expected<std::vector<X509Ptr>, std::string> parse_certificates(const Pem& pem);

/// The private key in the text. Encrypted keys are an error; nobody is ever asked for a passphrase.
tl::expected<EvpPkeyPtr, std::string> parse_private_key(const Pem& pem);

}  // namespace postern::proxy
