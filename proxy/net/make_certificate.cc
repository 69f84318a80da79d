#include "proxy/net/make_certificate.h"

#include "proxy/net/atomic_file.h"
#include "proxy/net/issue_certificate.h"
#include "proxy/net/pem.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace postern::proxy {

namespace {

using TimePoint = std::chrono::system_clock::time_point;
using Issued = tl::expected<KeyedCertificate, std::string>;

constexpr std::chrono::hours kDay{24};
constexpr auto kAuthorityLife = 3652 * kDay;
constexpr auto kServerLife = 365 * kDay;
/// For clients whose clocks are behind.
constexpr std::chrono::hours kBackdated{1};

/// Holds the lock of a directory as long as it lives.
class DirectoryLock {
 public:
  explicit DirectoryLock(const std::string& path)
      : descriptor_(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (descriptor_ >= 0) held_ = ::flock(descriptor_, LOCK_EX) == 0;
  }
  ~DirectoryLock() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;
  bool held() const { return held_; }

 private:
  int descriptor_;
  bool held_ = false;
};

tl::unexpected<std::string> failure(const std::string& path, const std::string& why) {
  return tl::unexpected<std::string>(path + ": " + why);
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Issued read_pair(const std::string& certificate_file, const std::string& key_file) {
  const auto certificate_pem = read_pem_file(certificate_file);
  if (!certificate_pem) return tl::unexpected(certificate_pem.error());
  const auto key_pem = read_pem_file(key_file);
  if (!key_pem) return tl::unexpected(key_pem.error());
  auto certificates = parse_certificates(*certificate_pem);
  if (!certificates) return tl::unexpected(certificates.error());
  auto key = parse_private_key(*key_pem);
  if (!key) return tl::unexpected(key.error());
  if (X509_check_private_key(certificates->front().get(), key->get()) != 1) {
    ERR_clear_error();
    return failure(key_file, "is not the key of " + certificate_file);
  }
  return KeyedCertificate{std::move(certificates->front()), std::move(*key)};
}

/// `chain`: what stands behind the certificate.
tl::expected<void, std::string> write_pair(const KeyedCertificate& pair,
                                           const std::string& certificate_file,
                                           const std::string& key_file,
                                           const std::string& chain = "") {
  // The key first: a new certificate never stands beside no key at all.
  if (auto done = write_file_atomically(key_file, to_pem(pair.key.get()), 0600); !done) return done;
  return write_file_atomically(certificate_file, to_pem(pair.certificate.get()) + chain, 0644);
}

/// Whether clients are shown the authority, too: with its pin alone they could not find it.
bool has_chain(const std::string& certificate_file) {
  const auto pem = read_pem_file(certificate_file);
  if (!pem) return false;
  const auto certificates = parse_certificates(*pem);
  return certificates && certificates->size() > 1;
}

/// nullopt: there is none, not even a half.
tl::expected<std::optional<KeyedCertificate>, std::string> present_authority(
    const std::string& certificate_file, const std::string& key_file) {
  if (!exists(certificate_file) && !exists(key_file)) return std::nullopt;
  auto present = read_pair(certificate_file, key_file);
  if (present) return std::move(*present);
  return tl::unexpected(present.error() +
                        " (put it back, or remove both ca.crt and ca.key to have a new authority "
                        "made)");
}

Issued obtain_authority(const std::string& directory, TimePoint now, MadeCertificate& made) {
  const std::string key_file = directory + "/ca.key";
  auto present = present_authority(made.authority_file, key_file);
  if (!present) return tl::unexpected(std::move(present.error()));
  if (*present && not_after_of((*present)->certificate.get()) > now) return std::move(**present);
  CertificateSpec spec;
  spec.use = CertificateSpec::Use::kAuthority;
  spec.common_name = "postern CA";
  spec.not_before = now - kBackdated;
  spec.not_after = now + kAuthorityLife;
  auto authority = issue_certificate(spec, nullptr);
  if (!authority) return authority;
  if (auto done = write_pair(*authority, made.authority_file, key_file); !done)
    return tl::unexpected(done.error());
  made.new_authority = true;
  return authority;
}

TimePoint renewal_of(X509* certificate) {
  const TimePoint from = not_before_of(certificate);
  return from + (not_after_of(certificate) - from) / 3 * 2;
}

bool still_serves(const KeyedCertificate& server, const KeyedCertificate& authority,
                  const std::vector<std::string>& names, TimePoint now) {
  X509* certificate = server.certificate.get();
  if (X509_verify(certificate, authority.key.get()) != 1) {
    ERR_clear_error();
    return false;
  }
  return not_before_of(certificate) <= now && now < renewal_of(certificate) &&
         std::all_of(names.begin(), names.end(), [certificate](const std::string& name) {
           return is_certificate_for(certificate, name);
         });
}

Issued obtain_server(const KeyedCertificate& authority, const std::vector<std::string>& names,
                     TimePoint now, MadeCertificate& made) {
  if (auto present = read_pair(made.certificate_file, made.key_file);
      present && has_chain(made.certificate_file) && still_serves(*present, authority, names, now))
    return present;
  CertificateSpec spec;
  spec.use = CertificateSpec::Use::kServer;
  spec.common_name = "postern";
  spec.names = names;
  spec.not_before = now - kBackdated;
  spec.not_after =
      std::min<TimePoint>(now + kServerLife, not_after_of(authority.certificate.get()));
  auto server = issue_certificate(spec, &authority);
  if (!server) return server;
  if (auto done = write_pair(*server, made.certificate_file, made.key_file,
                             to_pem(authority.certificate.get()));
      !done)
    return tl::unexpected(done.error());
  made.new_certificate = true;
  return server;
}

tl::expected<void, std::string> make_directory(const std::string& directory) {
  if (exists(directory)) return {};
  std::error_code error;
  const std::filesystem::path parent = std::filesystem::path(directory).parent_path();
  if (!parent.empty()) std::filesystem::create_directories(parent, error);
  if (::mkdir(directory.c_str(), 0700) == 0 || errno == EEXIST) return {};
  return failure(directory, "cannot be made: " + std::generic_category().message(errno));
}

}  // namespace

tl::expected<MadeCertificate, std::string> make_certificate(const std::string& directory,
                                                            const std::vector<std::string>& names,
                                                            TimePoint now) {
  if (auto done = make_directory(directory); !done) return tl::unexpected(done.error());
  const DirectoryLock lock(directory);
  if (!lock.held()) return failure(directory, "cannot be locked");
  MadeCertificate made;
  made.authority_file = directory + "/ca.crt";
  made.certificate_file = directory + "/server.crt";
  made.key_file = directory + "/server.key";
  const auto authority = obtain_authority(directory, now, made);
  if (!authority) return tl::unexpected(authority.error());
  const auto server = obtain_server(*authority, names, now, made);
  if (!server) return tl::unexpected(server.error());
  made.authority_pin = public_key_pin(authority->certificate.get());
  made.authority_ends = not_after_of(authority->certificate.get());
  made.renew_at = renewal_of(server->certificate.get());
  return made;
}

tl::expected<void, std::string> check_authority(const std::string& directory) {
  const auto present = present_authority(directory + "/ca.crt", directory + "/ca.key");
  if (!present) return tl::unexpected(present.error());
  return {};
}

}  // namespace postern::proxy
