#include "proxy/certificate_store.h"

#include "kube/text.h"

#include <algorithm>
#include <climits>
#include <unistd.h>
#include <utility>

namespace postern::proxy {
namespace {

constexpr std::string_view kWhat = "the proxy's certificate";

/// Sentences of proxy/net begin with the file that they are about.
ConfigErrors sentence(std::string text) {
  return {{"", 0, 0, "", std::move(text)}};
}

Loaded<std::shared_ptr<const TlsServerContext>> read_files(const std::string& certificate_file,
                                                           const std::string& key_file,
                                                           std::shared_ptr<TicketKeys> keys) {
  ConfigErrors errors;
  const auto read = [&errors](const std::string& file) {
    auto pem = read_pem_file(file);
    if (pem) return std::move(*pem);
    errors.push_back({"", 0, 0, "", std::move(pem.error())});
    return Pem();
  };
  TlsServerOptions options;
  options.certificate_chain = read(certificate_file);
  options.key = read(key_file);
  options.ticket_keys = std::move(keys);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  auto context = TlsServerContext::make(options);
  if (!context) return tl::unexpected(sentence(std::move(context.error())));
  return std::move(*context);
}

}  // namespace

std::vector<std::string> certificate_names(const ProxyConfiguration& configuration) {
  std::vector<std::string> names = {"localhost", "127.0.0.1", "::1", configuration.cluster_name};
  char host[HOST_NAME_MAX + 1] = {};
  if (gethostname(host, sizeof(host) - 1) == 0) {
    const std::string name = kube::ascii_lower(host);
    if (check_dns_subdomain(name).empty()) names.push_back(name);
  }
  const auto listen = parse_listen_address(configuration.listen);
  if (listen && listen->host != "0.0.0.0" && listen->host != "::") names.push_back(listen->host);
  names.insert(names.end(), configuration.tls.names.begin(), configuration.tls.names.end());
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

CertificateStore::CertificateStore(const ProxyConfiguration& configuration, ReloadReport report)
    : configuration_(configuration),
      report_(report),
      ticket_keys_(std::make_shared<TicketKeys>()) {}

std::vector<std::string> CertificateStore::files() const {
  if (is_made()) return {made_.certificate_file, made_.key_file};
  return {configuration_.tls.cert_file, configuration_.tls.key_file};
}

Loaded<std::shared_ptr<const TlsServerContext>> CertificateStore::read() {
  if (is_made()) {
    auto made = make_certificate(configuration_.data_dir, certificate_names(configuration_),
                                 std::chrono::system_clock::now());
    if (!made) return tl::unexpected(sentence(std::move(made.error())));
    made_ = std::move(*made);
  }
  const auto paths = files();
  return read_files(paths[0], paths[1], ticket_keys_);
}

void CertificateStore::publish(std::shared_ptr<const TlsServerContext> context) {
  report_.metrics().certificate_expires(CertificateUse::kServing, context->not_after());
  if (is_made()) {
    report_.metrics().certificate_expires(CertificateUse::kServingCA, made_.authority_ends);
  }
  snapshot_.publish(std::move(context));
  report_.succeeded(ReloadKind::kServingCertificate, kWhat);
}

Loaded<void> CertificateStore::load() {
  auto context = read();
  if (!context) return tl::unexpected(std::move(context.error()));
  publish(std::move(*context));
  return {};
}

void CertificateStore::reload() {
  if (auto context = read()) {
    publish(std::move(*context));
  } else {
    report_.failed(ReloadKind::kServingCertificate, kWhat, context.error());
  }
}

Loaded<void> check_certificate(const TlsConfiguration& tls) {
  if (tls.cert_file.empty()) return {};
  auto context = read_files(tls.cert_file, tls.key_file, nullptr);
  if (!context) return tl::unexpected(std::move(context.error()));
  return {};
}

}  // namespace postern::proxy
