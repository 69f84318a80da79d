#include "kube/kubeconfig.h"

#include <doctest/doctest.h>

using namespace postern::kube;

namespace {

// "-----BEGIN CERTIFICATE-----\nA\n" and "-----BEGIN PRIVATE KEY-----\nB\n".
constexpr const char* kCertificate = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCkEK";
constexpr const char* kKey = "LS0tLS1CRUdJTiBQUklWQVRFIEtFWS0tLS0tCkIK";

std::string config(const std::string& cluster, const std::string& user) {
  return "apiVersion: v1\nkind: Config\ncurrent-context: main\npreferences: {}\n"
         "contexts:\n- name: main\n  context: {cluster: c, user: u, namespace: dev}\n"
         "- name: other\n  context: {cluster: missing, user: plugin}\n"
         "- name: second\n  context: {cluster: c, user: plugin}\n"
         "clusters:\n- name: c\n  cluster: " +
         cluster + "\nusers:\n- name: u\n  user: " + user +
         "\n- name: plugin\n  user:\n    exec: {apiVersion: v1, command: get-token}\n";
}

const std::string kCluster = "{server: 'https://10.0.0.1:6443'}";
const std::string kUser = "{token: secret}";

/// The errors as `KEY: MESSAGE` lines.
std::string errors(const std::string& text, const std::string& context = "") {
  const auto parsed = parse_kubeconfig(text, context, "/etc/k");
  if (parsed) return "";
  std::string out;
  for (const KubeconfigError& error : parsed.error()) {
    out += error.key + ": " + error.message + "\n";
  }
  return out;
}

bool mentions(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("kubeconfig: the current context, credentials inline") {
  const auto parsed = parse_kubeconfig(
      config(std::string("{server: 'https://10.0.0.1:6443/base', tls-server-name: api, "
                         "certificate-authority-data: ") +
                 kCertificate + ", certificate-authority: ignored.pem, extensions: []}",
             std::string("{client-certificate-data: ") + kCertificate +
                 ", client-key-data: " + kKey + ", token: secret}"),
      "", "/etc/k");
  REQUIRE(parsed.has_value());
  CHECK(parsed->context == "main");
  CHECK(parsed->server == "https://10.0.0.1:6443/base");
  CHECK(parsed->server_key == "clusters[0].cluster.server");
  CHECK(parsed->tls_server_name == "api");
  CHECK_FALSE(parsed->insecure_skip_tls_verify);
  CHECK(parsed->certificate_authority.text == "-----BEGIN CERTIFICATE-----\nA\n");
  CHECK(parsed->certificate_authority.path.empty());
  CHECK(parsed->certificate_authority.key == "clusters[0].cluster.certificate-authority-data");
  CHECK(parsed->client_certificate.text == "-----BEGIN CERTIFICATE-----\nA\n");
  CHECK(parsed->client_key.text == "-----BEGIN PRIVATE KEY-----\nB\n");
  CHECK(parsed->client_key.key == "users[0].user.client-key-data");
  CHECK(parsed->token.text == "secret");
}

TEST_CASE("kubeconfig: files, relative ones from the kubeconfig's directory") {
  const std::string text =
      config("{server: https://a, certificate-authority: pki/ca.crt}",
             "{client-certificate: /abs/c.crt, client-key: c.key, tokenFile: t, token: old}");
  auto parsed = parse_kubeconfig(text, "", "/etc/k");
  REQUIRE(parsed.has_value());
  CHECK(parsed->certificate_authority.path == "/etc/k/pki/ca.crt");
  CHECK(parsed->client_certificate.path == "/abs/c.crt");
  CHECK(parsed->client_key.path == "/etc/k/c.key");
  CHECK(parsed->token.path == "/etc/k/t");
  CHECK(parsed->token.text.empty());
  parsed = parse_kubeconfig(text, "", "");
  CHECK(parsed->client_key.path == "c.key");
}

TEST_CASE("kubeconfig: JSON, anchors, an insecure cluster, another context") {
  CHECK(parse_kubeconfig(
            R"({"kind":"Config","current-context":"m","contexts":[{"name":"m","context":
            {"cluster":"c","user":"u"}}],"clusters":[{"name":"c","cluster":{"server":"https://a",
            "insecure-skip-tls-verify":true}}],"users":[{"name":"u","user":{"token":"t"}}]})",
            "", "")
            ->insecure_skip_tls_verify);
  const std::string text = config("&a {server: https://a}", kUser);
  CHECK(parse_kubeconfig(text, "main", "")->server == "https://a");
}

TEST_CASE("kubeconfig: what is not looked at does no harm") {
  // The context `other` names a cluster that is not there, and `plugin` an exec plugin.
  CHECK(errors(config(kCluster, kUser)) == "");
  CHECK(errors(config(kCluster, kUser), "other") ==
        "clusters: has no entry with the name \"missing\"\n"
        "users[1].user.exec: is not supported: postern starts no programs to get credentials; use "
        "a client certificate, a token or a tokenFile\n");
}

TEST_CASE("kubeconfig: what is refused says so in a sentence") {
  CHECK(
      mentions(errors(config(kCluster, kUser), "second"), "users[1].user.exec: is not supported"));
  CHECK(mentions(errors(config(kCluster, "{auth-provider: {name: gcp}}")),
                 "users[0].user.auth-provider: is not supported"));
  CHECK(mentions(errors(config(kCluster, "{username: a, password: b}")),
                 "users[0].user.username: is not supported"));
  CHECK(mentions(errors(config(kCluster, "{token: t, as: root}")),
                 "users[0].user.as: is not supported: postern impersonates by its roles alone"));
  CHECK(mentions(errors(config("{server: https://a, proxy-url: http://p}", kUser)),
                 "clusters[0].cluster.proxy-url: is not supported"));
}

TEST_CASE("kubeconfig: everything wrong comes at once, with key paths and lines") {
  const auto parsed = parse_kubeconfig(
      config("{certificate-authority-data: '!', insecure-skip-tls-verify: maybe, sever: x}",
             "{client-certificate-data: aGk=, client-key: {a: b}, token: 'a b'}"),
      "", "");
  REQUIRE_FALSE(parsed.has_value());
  std::string all;
  for (const KubeconfigError& error : parsed.error()) {
    CHECK(error.line > 0);
    CHECK(error.column > 0);
    all += error.key + ": " + error.message + "\n";
  }
  CHECK(all ==
        "clusters[0].cluster.sever: is not a key that belongs here\n"
        "clusters[0].cluster.server: is missing\n"
        "clusters[0].cluster.insecure-skip-tls-verify: must be true or false\n"
        "clusters[0].cluster.certificate-authority-data: is not base64\n"
        "users[0].user.client-certificate-data: is not PEM in base64\n"
        "users[0].user.client-key: must be a string\n"
        "users[0].user.token: has characters that a token cannot have\n"
        "users[0].user.client-key: is missing, but there is a certificate\n");
}

TEST_CASE("kubeconfig: single errors") {
  CHECK(errors("") == ": is not one YAML mapping\n");
  CHECK(errors("- a") == ": is not one YAML mapping\n");
  CHECK(errors("a: b\n---\nc: d\n") == ": is not one YAML mapping\n");
  CHECK(errors(", a: b\n") != "");  // YAML::LoadAll() would not come back
  CHECK(mentions(errors("a: [b"), ": is not YAML: "));
  CHECK(errors("kind: Config\n") == "current-context: is not set; say which context to use\n");
  CHECK(errors("kind: Config\n", "x") == "contexts: has no entry with the name \"x\"\n");
  CHECK(errors("current-context: x\ncontexts: {}\n") == "contexts: must be a list\n");
  CHECK(mentions(errors("kind: Pod\napiVersion: v2\n"),
                 "kind: must be Config\napiVersion: must be v1"));
  CHECK(errors("current-context: x\ncontexts: [{name: x, context: {}}]\n") ==
        "contexts[0].context.cluster: is missing\ncontexts[0].context.user: is missing\n");
  CHECK(errors("current-context: x\ncontexts: [{name: x}]\n") ==
        "contexts[0].context: is missing\n");
  CHECK(errors("current-context: x\ncontexts: [3, {name: x, context: 4}]\n") ==
        "contexts[1].context: must be a mapping\n");
  CHECK(mentions(errors("current-context: x\ncontexts: [{name: x, context: {}}, {name: x}]\n"),
                 "contexts: has the name \"x\" more than once"));
  CHECK(errors(config(kCluster, "{}")) ==
        "users[0].user.token: is missing, and there is no client certificate either\n");
  CHECK(errors(config(kCluster, "{client-key: k}")) ==
        "users[0].user.client-certificate: is missing, but there is a key\n");
  CHECK(errors(config("{server: https://a, insecure-skip-tls-verify: true, "
                      "certificate-authority: ca}",
                      kUser)) ==
        "clusters[0].cluster.insecure-skip-tls-verify: cannot be combined with a certificate "
        "authority\n");
  CHECK(errors(config("{server: https://a, server: https://b}", kUser)) ==
        "clusters[0].cluster.server: is given more than once\n");
}

TEST_CASE("kubeconfig: no message holds a credential") {
  for (const char* user : {"{token: \"s3cr3t\\x1b\"}", "{client-key-data: s3cr3t!}",
                           "{password: s3cr3t}", "{token: [s3cr3t]}"}) {
    CAPTURE(user);
    const std::string text = errors(config(kCluster, user));
    CHECK_FALSE(text.empty());
    CHECK_FALSE(mentions(text, "s3cr3t"));
  }
}
