#pragma once

#include "proxy/config.h"
#include "proxy/net/make_certificate.h"
#include "proxy/net/tls_server_context.h"
#include "proxy/reload_report.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace postern::proxy {

/// The certificate that the proxy shows: of `tls:`, or of its own making in dataDir. load() once,
/// then reload() on the thread that watches the files, and snapshot() from any thread; connections
/// keep what they began with.
class CertificateStore {
 public:
  /// `configuration` must outlive the store.
  CertificateStore(const ProxyConfiguration& configuration, ReloadReport report);

  /// Makes the CA and the certificate in dataDir where there is no `tls:`.
  Loaded<void> load();
  /// Reads again, or renews a made certificate that is due. What cannot be read or does not fit
  /// together leaves the one before in force, is logged and counted.
  void reload();
  const TlsServerSnapshot& snapshot() const { return snapshot_; }
  std::vector<std::string> files() const;

  /// Whether the certificate is of postern's own making, and what clients then need to trust.
  bool is_made() const { return configuration_.tls.cert_file.empty(); }
  const MadeCertificate& made() const { return made_; }

 private:
  Loaded<std::shared_ptr<const TlsServerContext>> read();
  void publish(std::shared_ptr<const TlsServerContext> context);

  const ProxyConfiguration& configuration_;
  ReloadReport report_;
  std::shared_ptr<TicketKeys> ticket_keys_;
  MadeCertificate made_;
  TlsServerSnapshot snapshot_;
};

/// Checks the files of `tls:` without keeping or making anything.
Loaded<void> check_certificate(const TlsConfiguration& tls);

/// The names that a made certificate is for.
std::vector<std::string> certificate_names(const ProxyConfiguration& configuration);

}  // namespace postern::proxy
