#include "proxy/upstream/cluster_endpoint.h"

#include "proxy/observe/metrics.h"
#include "upstream_fixture.h"

namespace postern::proxy::test {
namespace {

TEST_CASE("server URLs") {
  struct Row {
    const char* url;
    const char* host;
    int port;
    const char* base;
  };
  const Row good[] = {
      {"https://cluster", "cluster", 443, ""},
      {"https://cluster:6443", "cluster", 6443, ""},
      {"https://10.0.0.1:6443/", "10.0.0.1", 6443, ""},
      {"https://[fd00::1]:6443/k8s/clusters/c-1/", "fd00::1", 6443, "/k8s/clusters/c-1"},
      {"https://[::1]", "::1", 443, ""},
  };
  for (const Row& row : good) {
    CAPTURE(row.url);
    const auto parsed = parse_server_url(row.url);
    REQUIRE(parsed);
    CHECK(parsed->host == row.host);
    CHECK(parsed->port == row.port);
    CHECK(parsed->base_path == row.base);
  }
  for (const char* url : {"",
                          "cluster:6443",
                          "http://cluster",
                          "https://",
                          "https://:6443",
                          "https://a:0",
                          "https://a:65536",
                          "https://a:64 43",
                          "https://a:6443x",
                          "https://user@a",
                          "https://a?x",
                          "https://a#x",
                          "https://a/b?c",
                          "https://a//b",
                          "https://a/../b",
                          "https://a/%2e",
                          "https://[::1",
                          "https://[cluster]",
                          "https://::1",
                          "https://a b",
                          "https://a\r\nX: y",
                          "HTTPS://a"}) {
    CAPTURE(url);
    CHECK_FALSE(parse_server_url(url));
  }
}

TEST_CASE("endpoint: what is wrong with a URL is told without the password in it") {
  for (const char* url : {"https://user:hunter2@a", "http://user:hunter2@a"}) {
    const auto parsed = parse_server_url(url);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error() == "names a user: credentials belong into the user's entry");
  }
  CHECK(parse_server_url("https://a?x").error() == "\"https://a?x\" has a query or a fragment");
}

TEST_CASE("endpoint: host header") {
  const auto header = [](const std::string& server) {
    EndpointSource source = endpoint_source(1);
    source.server = server;
    return make_endpoint(source)->host_header();
  };
  CHECK(header("https://cluster") == "cluster");
  CHECK(header("https://cluster:6443/base") == "cluster:6443");
  CHECK(header("https://[::1]:6443") == "[::1]:6443");
}

std::string errors_of(EndpointSource source) {
  const auto made = ClusterEndpoint::make(std::move(source));
  REQUIRE_FALSE(made);
  std::string all;
  for (const ConfigError& error : made.error()) all += error.to_string() + "\n";
  return all;
}

TEST_CASE("endpoint: all errors at once, with their places") {
  EndpointSource source = endpoint_source(1);
  source.server = "http://cluster";
  source.ca = WatchedFile::at("/nonexistent/ca.crt");
  source.token = WatchedFile::at("/nonexistent/token");
  const std::string errors = errors_of(source);
  CHECK(errors.find(
            "kubeconfig: clusters[0].cluster.server: \"http://cluster\" is not an https://") !=
        std::string::npos);
  CHECK(errors.find("/nonexistent/ca.crt: cannot be opened") != std::string::npos);
  CHECK(errors.find("/nonexistent/token: cannot be opened") != std::string::npos);
}

TEST_CASE("endpoint: credentials that cannot be used") {
  EndpointSource none = endpoint_source(1, "");
  CHECK(errors_of(none).find("neither a client certificate nor a token") != std::string::npos);
  EndpointSource empty = endpoint_source(1, " \n");
  CHECK(errors_of(empty).find("holds no token") != std::string::npos);
  EndpointSource split = endpoint_source(1, "a\r\nX: b");
  CHECK(errors_of(split).find("holds no token") != std::string::npos);
  EndpointSource keyless = endpoint_source(1);
  keyless.certificate = WatchedFile::inline_text(test_pki().client.text, "client-certificate-data");
  CHECK(errors_of(keyless).find("belong together") != std::string::npos);
  EndpointSource garbage = endpoint_source(1);
  garbage.ca = WatchedFile::inline_text("no PEM", "certificate-authority-data");
  CHECK(errors_of(garbage).find("certificate-authority-data") != std::string::npos);
  EndpointSource mismatch = endpoint_source(1);
  mismatch.certificate = WatchedFile::inline_text(test_pki().client.text, "client-certificate");
  mismatch.key = WatchedFile::inline_text(test_pki().server_key.text, "client-key");
  CHECK(errors_of(mismatch).find("client-key") != std::string::npos);
}

TEST_CASE("endpoint: in a pod") {
  const TemporaryDirectory directory;
  directory.put("ca.crt", test_pki().ca.text);
  directory.put("token", "pod-token");
  const auto source = in_cluster_source(
      {directory.path("").substr(0, directory.path("").size() - 1), "fd00::1", "443"});
  REQUIRE(source);
  const auto endpoint = make_endpoint(*source);
  CHECK(endpoint->host() == "fd00::1");
  CHECK(endpoint->access()->authorization == "Bearer pod-token");
  unsetenv("KUBERNETES_SERVICE_HOST");
  const auto outside = in_cluster_source({});
  REQUIRE_FALSE(outside);
  CHECK(outside.error().front().to_string().find("KUBERNETES_SERVICE_HOST") != std::string::npos);
}

std::string base64(const std::string& text) {
  std::string encoded(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(encoded.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  encoded.resize(static_cast<std::size_t>(size));
  return encoded;
}

std::string kubeconfig(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: here\n"
         "contexts: [{name: here, context: {cluster: c, user: u}}]\n"
         "clusters: [{name: c, cluster: {" +
         cluster +
         "}}]\n"
         "users: [{name: u, user: {" +
         user + "}}]\n";
}

TEST_CASE("endpoint: from a kubeconfig, with files beside it and with data") {
  const TemporaryDirectory directory;
  directory.put("ca.crt", test_pki().ca.text);
  directory.put("token", "file-token\n");
  directory.put(
      "config",
      kubeconfig("server: 'https://cluster:6443/base', tls-server-name: "
                 "localhost, certificate-authority: ca.crt",
                 "tokenFile: token, client-certificate-data: " + base64(test_pki().client.text) +
                     ", client-key-data: " + base64(test_pki().client_key.text)));
  const auto source = kubeconfig_source(directory.path("config"));
  REQUIRE(source);
  const auto endpoint = make_endpoint(*source);
  CHECK(endpoint->host_header() == "cluster:6443");
  CHECK(endpoint->base_path() == "/base");
  CHECK(endpoint->access()->authorization == "Bearer file-token");
}

TEST_CASE("endpoint: a kubeconfig's errors name file, place and key") {
  const TemporaryDirectory directory;
  directory.put("config",
                kubeconfig("server: 'https://cluster'",
                           "exec: {apiVersion: client.authentication.k8s.io/v1, command: x}"));
  const auto source = kubeconfig_source(directory.path("config"));
  REQUIRE_FALSE(source);
  const std::string error = source.error().front().to_string();
  CHECK(error.starts_with(directory.path("config")));
  CHECK(error.find("users[0].user.exec") != std::string::npos);
  const auto missing = kubeconfig_source(directory.path("nothing"));
  REQUIRE_FALSE(missing);
  CHECK(missing.error().front().to_string().find("cannot be opened") != std::string::npos);
}

TEST_CASE("endpoint: the client certificate's end is told") {
  Metrics metrics;
  EndpointSource source = endpoint_source(1, "");
  source.certificate = WatchedFile::inline_text(test_pki().client.text, "client-certificate-data");
  source.key = WatchedFile::inline_text(test_pki().client_key.text, "client-key-data");
  LoggedLines logged;
  make_endpoint(source, logged.hooks(&metrics));
  CHECK(metrics.serialize().find(R"({cluster="mycluster",use="upstream_client"})") !=
        std::string::npos);
}

Task<void> renew_into(const ClusterEndpoint& endpoint, Worker& worker,
                      std::optional<std::string> refused, bool& into) {
  into = co_await endpoint.renew_credential(worker, std::move(refused));
}

bool renew(const ClusterEndpoint& endpoint, const std::optional<std::string>& refused) {
  Worker worker(0);
  bool renewed = false;
  REQUIRE(Run(worker).add(renew_into(endpoint, worker, refused, renewed))());
  return renewed;
}

TEST_CASE("attack 216: a refused token is read again, a broken one does not replace it") {
  const TemporaryDirectory directory;
  directory.put("token", "one");
  EndpointSource source = endpoint_source(1);
  source.token = WatchedFile::at(directory.path("token"));
  LoggedLines logged;
  const auto endpoint = make_endpoint(source, logged.hooks());
  const auto first = endpoint->access()->authorization;
  CHECK(first == "Bearer one");
  CHECK_FALSE(renew(*endpoint, first));
  CHECK_FALSE(logged.contain("read again"));
  directory.put("token", "");
  CHECK_FALSE(renew(*endpoint, first));
  CHECK(endpoint->access()->authorization == first);
  CHECK(logged.contain("the old ones stay"));
  directory.put("token", "two");
  CHECK(renew(*endpoint, first));
  CHECK(logged.contain("read again"));
  CHECK(endpoint->access()->authorization == "Bearer two");
  // Somebody else has renewed it meanwhile: no reading needed.
  CHECK(renew(*endpoint, first));
  CHECK(endpoint->access()->tls_generation == 1);
}

TEST_CASE(
    "endpoint: a new client certificate makes a new TLS context, one that does not fit none") {
  const TemporaryDirectory directory;
  directory.put("crt", test_pki().client.text);
  directory.put("key", test_pki().client_key.text);
  EndpointSource source = endpoint_source(1, "");
  source.certificate = WatchedFile::at(directory.path("crt"));
  source.key = WatchedFile::at(directory.path("key"));
  LoggedLines logged;
  const auto endpoint = make_endpoint(source, logged.hooks());
  const auto before = endpoint->access();
  CHECK_FALSE(before->authorization);
  // Only half of the pair has been replaced yet.
  directory.put("crt", test_pki().server.text);
  CHECK_FALSE(renew(*endpoint, before->authorization));
  CHECK(endpoint->access()->tls == before->tls);
  CHECK(logged.contain("the old ones stay"));
  directory.put("key", test_pki().server_key.text);
  renew(*endpoint, before->authorization);
  CHECK(endpoint->access()->tls != before->tls);
  CHECK(endpoint->access()->tls_generation == 2);
}

TEST_CASE("endpoint: who watches its files need not wait, and is told of each problem once") {
  const TemporaryDirectory directory;
  directory.put("ca.crt", test_pki().ca.text);
  directory.put("token", "one");
  const std::string good =
      kubeconfig("server: 'https://cluster', certificate-authority: ca.crt", "tokenFile: token");
  directory.put("config", good);
  const auto source = kubeconfig_source(directory.path("config"));
  REQUIRE(source);
  Metrics metrics;
  LoggedLines logged;
  const auto endpoint = make_endpoint(*source, logged.hooks(&metrics));
  CHECK(endpoint->files() == std::vector<std::string>{directory.path("config"),
                                                      directory.path("ca.crt"),
                                                      directory.path("token")});
  const auto failures = [&](int count) {
    return metrics.serialize().find(
               R"(postern_config_reloads_total{kind="kubeconfig",result="failure"} )" +
               std::to_string(count) + "\n") != std::string::npos;
  };
  directory.put("token", "another");
  endpoint->look_at_files();
  CHECK(endpoint->access()->authorization == "Bearer another");
  directory.put("config", "kind: Config");
  for (int i = 0; i < 3; ++i) endpoint->look_at_files();
  CHECK(failures(1));
  CHECK(endpoint->access()->authorization == "Bearer another");
  directory.put("config", good);
  endpoint->look_at_files();
  directory.put("config", "kind: Config");
  endpoint->look_at_files();
  CHECK(failures(2));
}

TEST_CASE("endpoint: a changed kubeconfig is read again, but not for another server") {
  const TemporaryDirectory directory;
  const auto put = [&](const std::string& server, const std::string& token) {
    directory.put("config", kubeconfig("server: '" + server + "', certificate-authority-data: " +
                                           base64(test_pki().ca.text),
                                       "token: " + token));
  };
  put("https://cluster", "one");
  LoggedLines logged;
  const auto endpoint = make_endpoint(*kubeconfig_source(directory.path("config")), logged.hooks());
  const auto first = endpoint->access()->authorization;
  CHECK(first == "Bearer one");
  put("https://cluster", "another");
  CHECK(renew(*endpoint, first));
  CHECK(endpoint->access()->authorization == "Bearer another");

  put("https://elsewhere", "the-third-one");
  CHECK_FALSE(renew(*endpoint, "Bearer another"));
  CHECK(logged.contain("takes a restart"));
  directory.put("config", kubeconfig("server: 'https://cluster', insecure-skip-tls-verify: true",
                                     "token: the-third"));
  CHECK_FALSE(renew(*endpoint, "Bearer another"));
  put("https://cluster", "a-fourth-one");
  CHECK(renew(*endpoint, "Bearer another"));
  CHECK(endpoint->access()->authorization == "Bearer a-fourth-one");
}

}  // namespace
}  // namespace postern::proxy::test
