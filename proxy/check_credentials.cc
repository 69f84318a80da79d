#include "proxy/check_credentials.h"

#include "proxy/net/issue_certificate.h"
#include "proxy/net/pem.h"
#include "proxy/upstream/endpoint_source.h"
#include "rbac/explain.h"

#include <filesystem>
#include <optional>
#include <sys/stat.h>
#include <utility>

// Tested by tests/proxy/check_credentials_test.cc
namespace postern::proxy {
namespace {

namespace fs = std::filesystem;
using TimePoint = std::chrono::system_clock::time_point;

bool has_mode(const fs::path& path, mode_t bits) {
  struct stat facts {};
  return ::stat(path.c_str(), &facts) == 0 && (facts.st_mode & bits) != 0;
}

/// By its own mode, and by those of the folders that lead to it.
bool everybody_can_read(const std::string& file) {
  std::error_code error;
  fs::path folder = fs::absolute(file, error).parent_path();
  if (error || !has_mode(file, S_IROTH)) return false;
  for (; has_mode(folder, S_IXOTH); folder = folder.parent_path()) {
    if (folder == folder.parent_path()) return true;
  }
  return false;
}

class Warnings {
 public:
  explicit Warnings(TimePoint now) : now_(now) {}

  void secret(const std::string& key, const std::string& file) {
    if (file.empty() || !everybody_can_read(file)) return;
    texts_.push_back(key + ": " + file + ": everybody on this machine can read it");
  }
  void certificate_file(const std::string& key, const std::string& file) {
    if (file.empty()) return;
    if (const auto pem = read_pem_file(file)) certificate(key, *pem);
  }
  /// The first one alone: what is behind it may be of no use to anybody.
  void certificate(const std::string& key, const Pem& pem) {
    const auto chain = parse_certificates(pem);
    if (chain) ends_of(key + ": " + pem.origin + ": the certificate ", chain->front().get());
  }
  void authorities(const std::string& key, const std::string& file) {
    if (file.empty()) return;
    const auto pem = read_pem_file(file);
    const auto bundle = pem ? parse_certificates(*pem) : tl::unexpected(pem.error());
    for (std::size_t i = 0; bundle && i < bundle->size(); ++i) {
      ends_of(key + ": " + file + ": certificate " + std::to_string(i + 1) + " ",
              (*bundle)[i].get());
    }
  }
  std::vector<std::string> take() { return std::move(texts_); }

 private:
  void ends_of(const std::string& what, const X509* certificate) {
    const TimePoint begin = not_before_of(certificate);
    const TimePoint end = not_after_of(certificate);
    if (end <= now_) texts_.push_back(what + "has ended: " + rbac::utc_text(end));
    if (begin > now_) texts_.push_back(what + "begins later: " + rbac::utc_text(begin));
  }

  TimePoint now_;
  std::vector<std::string> texts_;
};

void add_cluster(const std::string& key, const KubeClusterConfiguration& cluster,
                 Warnings& warnings) {
  if (cluster.in_cluster) return;
  warnings.secret(key, cluster.kubeconfig);
  auto source = kubeconfig_source(cluster.kubeconfig, cluster.context);
  if (!source || source->certificate.absent() || !source->certificate.read()) return;
  warnings.certificate(key, {source->certificate.text(), source->certificate.origin()});
}

}  // namespace

std::vector<std::string> credential_warnings(const ProxyConfiguration& configuration,
                                             TimePoint now) {
  Warnings warnings(now);
  warnings.certificate_file("tls.certFile", configuration.tls.cert_file);
  warnings.secret("tls.keyFile", configuration.tls.key_file);
  for (std::size_t i = 0; i < configuration.kube_clusters.size(); ++i) {
    add_cluster("kubeClusters[" + std::to_string(i) + "]", configuration.kube_clusters[i],
                warnings);
  }
  const AuthenticationConfiguration& by = configuration.authentication;
  warnings.authorities("authentication.clientCAFile", by.client_ca.file);
  warnings.secret("authentication.tokenFile", by.token_file.file);
  for (const char* name : {"/master.key", "/ca.key", "/server.key", "/postern.db"}) {
    warnings.secret("dataDir", configuration.data_dir + name);
  }
  return warnings.take();
}

}  // namespace postern::proxy
