#include "proxy/check_credentials.h"

#include "proxy/net/issue_certificate.h"
#include "tests/proxy/temporary_directory.h"

#include <chrono>
#include <doctest/doctest.h>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace postern::proxy {
namespace {

using std::chrono::hours;

const auto kNow = std::chrono::system_clock::from_time_t(1'800'000'000);  // 2027-01-15T08:00:00Z

struct Credentials {
  testing::TemporaryDirectory directory;
  ProxyConfiguration configuration;

  Credentials() { configuration.data_dir = directory.file("data"); }
  std::string certificate(const std::string& name, hours begins, hours ends) const {
    CertificateSpec spec;
    spec.use = CertificateSpec::Use::kAuthority;
    spec.common_name = name;
    spec.not_before = kNow + begins;
    spec.not_after = kNow + ends;
    return to_pem(issue_certificate(spec, nullptr)->certificate.get());
  }
  std::vector<std::string> said() const { return credential_warnings(configuration, kNow); }
};

TEST_CASE_FIXTURE(Credentials, "certificates that have ended, or have not begun") {
  const std::string good = certificate("good", hours(-2), hours(2));
  const std::string old = certificate("old", hours(-4), hours(-2));
  const std::string early = certificate("early", hours(1), hours(2));
  configuration.tls.cert_file = directory.write("tls.crt", good + old);
  auto& bundle = configuration.authentication.client_ca.file;
  bundle = directory.write("ca.crt", good);
  CHECK(said().empty());
  directory.write("tls.crt", old + good);
  directory.write("ca.crt", good + early + old);
  CHECK(said() == std::vector<std::string>{"tls.certFile: " + configuration.tls.cert_file +
                                               ": the certificate has ended: 2027-01-15T06:00:00Z",
                                           "authentication.clientCAFile: " + bundle +
                                               ": certificate 2 begins later: 2027-01-15T09:00:00Z",
                                           "authentication.clientCAFile: " + bundle +
                                               ": certificate 3 has ended: 2027-01-15T06:00:00Z"});
  // What cannot be read is told of by others.
  directory.write("tls.crt", "nonsense");
  bundle = directory.file("none");
  CHECK(said().empty());
}

TEST_CASE_FIXTURE(Credentials, "a kubeconfig's client certificate") {
  directory.write("client.crt", certificate("old", hours(-4), hours(-2)));
  KubeClusterConfiguration cluster;
  cluster.kubeconfig = directory.write(
      "kubeconfig",
      "apiVersion: v1\nkind: Config\ncurrent-context: x\n"
      "contexts: [{name: x, context: {cluster: c, user: u}}]\n"
      "clusters: [{name: c, cluster: {server: 'https://127.0.0.1:1'}}]\n"
      "users: [{name: u, user: {client-certificate: client.crt, client-key: client.key}}]\n");
  configuration.kube_clusters = {cluster};
  REQUIRE(said().size() == 1);
  CHECK(said()[0] == "kubeClusters[0]: " + directory.file("client.crt") +
                         ": the certificate has ended: 2027-01-15T06:00:00Z");
}

TEST_CASE_FIXTURE(Credentials, "secrets that everybody can read, by all folders that lead there") {
  auto& tokens = configuration.authentication.token_file.file;
  tokens = directory.write("etc/tokens.csv", "t,u,1\n");
  directory.write("data/master.key", "");
  const auto set = [&](const char* name, mode_t mode) {
    REQUIRE(::chmod(directory.file(name).c_str(), mode) == 0);
  };
  set("data", 0700);
  set("etc", 0755);
  set("etc/tokens.csv", 0644);
  set("", 0755);
  CHECK(said() == std::vector<std::string>{"authentication.tokenFile: " + tokens +
                                           ": everybody on this machine can read it"});
  set("etc/tokens.csv", 0640);
  CHECK(said().empty());
  set("etc/tokens.csv", 0644);
  set("etc", 0750);
  CHECK(said().empty());
}

}  // namespace
}  // namespace postern::proxy
