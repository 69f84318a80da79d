#pragma once

#include "cli/failure.h"

#include <string>
#include <string_view>
#include <vector>

typedef struct ssl_ctx_st SSL_CTX;                // NOLINT: OpenSSL's own spelling
typedef struct x509_store_ctx_st X509_STORE_CTX;  // NOLINT

namespace postern::cli {

/// How a server is known. A plain value.
struct ServerTrust {
  std::string authorities;      ///< PEM; "" without a pin: those of the system
  std::string pin;              ///< "sha256:" and 64 hexadecimal digits; "": none
  std::string tls_server_name;  ///< the name in its certificate, where it is not the URL's
};

/// A pin as people write it, in lower case; a usage failure when it is none.
Outcome<std::string> parse_pin(std::string_view text);

/// A certificate that a server showed.
struct ShownCertificate {
  std::string pem;
  std::string key_pin;          ///< of its public key
  std::string certificate_pin;  ///< of the whole certificate
  bool is_authority = false;
};

/// Verifies what a server shows, and remembers it. Without a pin: as OpenSSL does, by the
/// authorities of the context. With one: some certificate of the chain must be the pinned one (its
/// public key or itself), and everything before it must be signed by it; times and purposes count,
/// and the name is the caller's business in any case. Not thread-safe; must outlive the context.
class TrustCheck {
 public:
  explicit TrustCheck(std::string pin) : pin_(std::move(pin)) {}

  void install(SSL_CTX* context);

  /// Of the last handshake, the server's own certificate first.
  const std::vector<ShownCertificate>& shown() const { return shown_; }
  /// The certificate that bears the pin; nullptr: there is no pin, or nobody has been seen yet.
  const ShownCertificate* pinned() const;
  /// Why the last handshake's server is not trusted; "" when it is.
  const std::string& problem() const { return problem_; }

 private:
  static int verify(X509_STORE_CTX* store, void* self);
  int check(X509_STORE_CTX* store);
  int check_pin(X509_STORE_CTX* store);

  std::string pin_;
  std::vector<ShownCertificate> shown_;
  std::string problem_;
};

/// The pin by which somebody who knows nothing of this server yet can know it: of an authority that
/// the server shows (the highest), else of its own certificate's key. "" when nothing was shown.
std::string pin_to_hand_out(const std::vector<ShownCertificate>& shown);

}  // namespace postern::cli
