#pragma once

#include <chrono>
#include <string>
#include <tl/expected.hpp>
#include <vector>

namespace postern::proxy {

/// A server certificate of our own making, for a configuration without `tls:`.
struct MadeCertificate {
  std::string authority_file;    ///< DIR/ca.crt: what clients are told to trust
  std::string certificate_file;  ///< DIR/server.crt, the authority behind it (--ca-pin needs it)
  std::string key_file;          ///< DIR/server.key
  std::string authority_pin;     ///< "sha256:…" of the authority's public key, for --ca-pin
  std::chrono::system_clock::time_point authority_ends;
  bool new_authority = false;
  bool new_certificate = false;
  std::chrono::system_clock::time_point renew_at;  ///< call again then
};

/// Sees to it that `directory` (made when absent, for the owner only) holds an authority (ECDSA
/// P-256, 10 years: ca.crt, ca.key) and a server certificate of it (1 year at most: server.crt,
/// server.key) for all of `names`: DNS names and IP addresses.
///
/// What is there and good is used as it is. The server certificate is made anew when two thirds of
/// its time are over, when a name is missing or it does not fit its key or authority. The authority
/// is made anew only when it has ended: a broken or half missing one is an error, for clients trust
/// it. Keys are written with mode 0600, certificates with 0644, each as a whole. Callers in other
/// processes wait for each other. The error is a sentence with a path.
tl::expected<MadeCertificate, std::string> make_certificate(
    const std::string& directory, const std::vector<std::string>& names,
    std::chrono::system_clock::time_point now);

/// Whether make_certificate() could use the authority in `directory`, or make one. Makes nothing.
tl::expected<void, std::string> check_authority(const std::string& directory);

}  // namespace postern::proxy
