#include "proxy/live_files.h"

#include "proxy/authn/bearer_tokens.h"
#include "proxy/net/issue_certificate.h"
#include "tests/proxy/temporary_directory.h"

#include <condition_variable>
#include <doctest/doctest.h>
#include <mutex>
#include <openssl/ssl.h>
#include <string>
#include <vector>

namespace postern::proxy {
namespace {

using std::chrono::system_clock;

std::string role(const std::string& name) {
  return "kind: role\nversion: v8\nmetadata: {name: " + name + "}\nspec: {allow: {}}\n";
}

KeyedCertificate certificate(const std::string& name, CertificateSpec::Use use) {
  CertificateSpec spec;
  spec.use = use;
  spec.common_name = name;
  spec.names = {"localhost"};
  spec.not_before = system_clock::now() - std::chrono::hours(1);
  spec.not_after = system_clock::now() + std::chrono::hours(1);
  auto made = issue_certificate(spec, nullptr);
  REQUIRE(made);
  return std::move(*made);
}

/// A configuration in a directory of its own, with every kind of file.
struct Files {
  testing::TemporaryDirectory directory;
  ProxyConfiguration configuration;
  Metrics metrics;
  std::mutex mutex;
  std::condition_variable written;
  std::vector<std::string> lines;
  Log log{LogOptions{LogLevel::kInfo, LogFormat::kText, [this](std::string_view line) {
                       const std::lock_guard lock(mutex);
                       lines.emplace_back(line);
                       written.notify_all();
                     }}};

  Files() {
    configuration.resources = {directory.write("roles.yaml", role("dev")),
                               directory.write("users.yaml",
                                               "kind: user\nversion: v2\nmetadata: {name: alice}\n"
                                               "spec: {roles: [dev]}\n")};
    configuration.authentication.token_file.file = directory.write("tokens.csv", "one,alice,1\n");
    configuration.authentication.client_ca.file = directory.file("ca.crt");
    configuration.tls.cert_file = directory.file("tls.crt");
    configuration.tls.key_file = directory.file("tls.key");
    configuration.data_dir = directory.file("data");
    write_ca("first");
    write_certificate("first");
  }
  void write_ca(const std::string& name) const {
    const auto ca = certificate(name, CertificateSpec::Use::kAuthority);
    directory.write("ca.crt", to_pem(ca.certificate.get()));
  }
  void write_certificate(const std::string& name) const {
    const auto made = certificate(name, CertificateSpec::Use::kServer);
    directory.write("tls.crt", to_pem(made.certificate.get()));
    directory.write("tls.key", to_pem(made.key.get()));
  }
  bool counts(const std::string& kind, const std::string& result, int count) const {
    return metrics.serialize().find("postern_config_reloads_total{kind=\"" + kind + "\",result=\"" +
                                    result + "\"} " + std::to_string(count) + "\n") !=
           std::string::npos;
  }
  bool said(const std::string& part) {
    const std::lock_guard lock(mutex);
    for (const std::string& line : lines) {
      if (line.find(part) != std::string::npos) return true;
    }
    return false;
  }
  /// Waits for a log line.
  bool will_say(const std::string& part) {
    std::unique_lock lock(mutex);
    return written.wait_for(lock, std::chrono::seconds(30), [&] {
      for (const std::string& line : lines) {
        if (line.find(part) != std::string::npos) return true;
      }
      return false;
    });
  }
};

bool knows(const Snapshot<AuthenticatorUnion>& authenticators, const std::string& token) {
  const std::string value = "Bearer " + token;
  http::Fields fields;
  fields.add({"Authorization", value});
  return authenticators.load()->authenticate(fields, nullptr).has_value();
}

std::string role_names(const access::FileObjects& objects) {
  std::string names;
  for (const access::RoleObject& role : objects.roles) names += role.meta.name + " ";
  return names;
}

TEST_CASE_FIXTURE(Files, "everything is read") {
  LiveFiles files(configuration, metrics, log);
  access::FileObjects objects;
  files.on_objects([&objects](access::FileObjects loaded) { objects = std::move(loaded); });
  REQUIRE(files.load());
  CHECK(role_names(objects) == "dev access requester reviewer editor auditor ");
  CHECK(objects.roles[0].origin == access::Origin::kFile);
  CHECK(objects.roles[0].file == directory.file("roles.yaml") + ":1");
  CHECK(objects.roles[1].origin == access::Origin::kPreset);
  REQUIRE(objects.users.size() == 1);
  CHECK(objects.users[0].document ==
        R"({"kind":"user","metadata":{"name":"alice"},"spec":{"roles":["dev"]},"version":"v2"})");
  CHECK(knows(files.authenticators(), "one"));
  CHECK_FALSE(knows(files.authenticators(), "two"));
  CHECK(files.tls().load() != nullptr);
  CHECK_FALSE(files.certificate().is_made());
  for (const char* kind : {"policy", "tokens", "client_ca", "serving_certificate"}) {
    CAPTURE(std::string(kind));
    CHECK(counts(kind, "success", 1));
    CHECK(counts(kind, "failure", 0));
  }
  CHECK(metrics.serialize().find(
            "postern_certificate_expiration_timestamp_seconds{use=\"client_ca\"}") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Files, "all errors of all files at once") {
  directory.write("roles.yaml", "kind: role\n");
  directory.write("tokens.csv", "x\n");
  directory.write("ca.crt", "");
  directory.write("tls.key", "");
  LiveFiles files(configuration, metrics, log);
  const auto loaded = files.load();
  REQUIRE_FALSE(loaded);
  std::string text;
  for (const ConfigError& error : loaded.error()) text += error.to_string() + "\n";
  for (const char* name : {"roles.yaml", "tokens.csv", "ca.crt", "tls.key"}) {
    CAPTURE(std::string(name));
    CHECK(text.find(directory.file(name)) != std::string::npos);
  }
  CHECK(files.authenticators().load() == nullptr);
}

TEST_CASE_FIXTURE(Files, "a role that nobody has defined is an error") {
  directory.write("roles.yaml", role("other"));
  const auto loaded = load_policy(configuration);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error()[0].to_string().find("dev") != std::string::npos);
  configuration.resources = {directory.file("roles.yaml")};
  configuration.authentication.group_roles = {{"ops", {"nobody-knows"}}};
  REQUIRE_FALSE(load_policy(configuration));
  configuration.authentication.group_roles = {{"ops", {"other", "access"}}};
  CHECK(load_policy(configuration));
}

TEST_CASE_FIXTURE(Files, "a role of a preset's name takes its place") {
  directory.write("roles.yaml", role("dev") + "---\n" + role("access"));
  const auto loaded = load_policy(configuration);
  REQUIRE(loaded);
  CHECK(loaded->roles == 2);
  CHECK(loaded->users == 1);
  CHECK(loaded->policy->role("access")->allow.kubernetes_resources.empty());
}

TEST_CASE_FIXTURE(Files, "a role with a condition that does not parse is refused, with its place") {
  directory.write("roles.yaml", role("dev") + R"(---
kind: role
version: v8
metadata: {name: reviewers}
spec: {allow: {review_requests: {roles: [dev], where: 'contains(reviewer.roles)'}}}
)");
  const auto loaded = load_policy(configuration);
  REQUIRE_FALSE(loaded);
  REQUIRE(loaded.error().size() == 1);
  const std::string text = loaded.error()[0].to_string();
  CAPTURE(text);
  CHECK(text.starts_with(directory.file("roles.yaml") +
                         ":6: role/reviewers: spec.allow.review_requests.where: column "));
}

TEST_CASE_FIXTURE(Files, "bad policies keep the old one, log why and count") {
  PolicyStore store(configuration, ReloadReport(metrics, log));
  std::string names;
  store.on_load([&names](const access::FileObjects& loaded) { names = role_names(loaded); });
  REQUIRE(store.load());
  const std::string before = names;
  CHECK(before.starts_with("dev access "));
  names = "untouched";

  directory.write("roles.yaml", "kind: [\n");
  store.reload();
  CHECK(names == "untouched");
  CHECK(counts("policy", "failure", 1));
  CHECK(said("the old content stays in force"));
  CHECK(said(directory.file("roles.yaml") + ":"));

  std::filesystem::remove(directory.file("roles.yaml"));
  store.reload();
  CHECK(names == "untouched");
  CHECK(counts("policy", "failure", 2));

  directory.write("roles.yaml", role("dev") + "---\n" + role("more"));
  store.reload();
  CHECK(names.starts_with("dev more access "));
  CHECK(counts("policy", "success", 2));
}

TEST_CASE_FIXTURE(Files, "tokens and CAs are read apart; what is bad keeps what was good") {
  AuthenticatorStore store(configuration.authentication, ReloadReport(metrics, log));
  REQUIRE(store.load());
  directory.write("tokens.csv", "two,alice,1\n");
  directory.write("ca.crt", "broken");
  store.reload_client_ca();
  CHECK(counts("client_ca", "failure", 1));
  CHECK(knows(store.snapshot(), "one"));
  store.reload_tokens();
  CHECK_FALSE(knows(store.snapshot(), "one"));
  CHECK(knows(store.snapshot(), "two"));

  directory.write("tokens.csv", "three,alice,1\nthree,bob,2\n");
  store.reload_tokens();
  CHECK(knows(store.snapshot(), "two"));
  CHECK_FALSE(knows(store.snapshot(), "three"));
  CHECK(counts("tokens", "failure", 1));
  CHECK_FALSE(said("three"));
}

TEST_CASE_FIXTURE(Files, "without authenticators nobody is known") {
  configuration.authentication = {};
  AuthenticatorStore store(configuration.authentication, ReloadReport(metrics, log));
  REQUIRE(store.load());
  CHECK(store.token_files().empty());
  CHECK_FALSE(knows(store.snapshot(), "one"));
}

TEST_CASE_FIXTURE(Files, "certificates: half of a change keeps the old pair") {
  CertificateStore store(configuration, ReloadReport(metrics, log));
  REQUIRE(store.load());
  const auto before = store.snapshot().load();
  const auto other = certificate("second", CertificateSpec::Use::kServer);
  directory.write("tls.crt", to_pem(other.certificate.get()));
  store.reload();
  CHECK(store.snapshot().load() == before);
  CHECK(counts("serving_certificate", "failure", 1));
  directory.write("tls.key", to_pem(other.key.get()));
  store.reload();
  CHECK(store.snapshot().load() != before);
  CHECK(counts("serving_certificate", "success", 2));
}

TEST_CASE_FIXTURE(Files, "without tls: a certificate is made in dataDir, once") {
  configuration.tls = {};
  configuration.tls.names = {"door.example.com"};
  CertificateStore store(configuration, ReloadReport(metrics, log));
  REQUIRE(store.load());
  CHECK(store.is_made());
  CHECK(store.made().new_authority);
  CHECK(store.made().authority_file == directory.file("data") + "/ca.crt");
  CHECK(store.made().renew_at > system_clock::now());
  CHECK(std::filesystem::exists(directory.file("data/ca.crt")));
  CHECK(store.files().size() == 2);

  CertificateStore again(configuration, ReloadReport(metrics, log));
  REQUIRE(again.load());
  CHECK_FALSE(again.made().new_authority);
  CHECK_FALSE(again.made().new_certificate);
}

TEST_CASE("the names of a made certificate") {
  ProxyConfiguration configuration;
  configuration.cluster_name = "postern.example.com";
  configuration.listen = "192.0.2.7:8443";
  configuration.tls.names = {"door.example.com", "localhost"};
  const auto names = certificate_names(configuration);
  for (const char* name :
       {"localhost", "127.0.0.1", "::1", "192.0.2.7", "postern.example.com", "door.example.com"}) {
    CAPTURE(std::string(name));
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  }
  configuration.listen = "[::]:8443";
  const auto any = certificate_names(configuration);
  CHECK(std::count(any.begin(), any.end(), "::") == 0);
}

TEST_CASE_FIXTURE(Files, "what changes is read while it runs, and all of it on demand") {
  LiveFiles files(configuration, metrics, log);
  REQUIRE(files.load());
  lines.clear();  // nothing runs yet that could write
  files.watch();
  directory.write("tokens.csv", "fresh,bob,2\nmore,bob,2\n");
  directory.write("users.yaml", "nonsense");
  REQUIRE(will_say("users.yaml:"));
  files.reload_all();
  // The certificate comes last.
  REQUIRE(will_say("the proxy's certificate"));
  files.stop();
  CHECK(knows(files.authenticators(), "fresh"));
  files.stop();
}

}  // namespace
}  // namespace postern::proxy
