#include "kube/kubeconfig.h"

#include "kube/base64.h"
#include "kube/text.h"
#include "kube/yaml_section.h"

#include <utility>

namespace postern::kube {
namespace {

/// Reads the chosen context; errors gather in the sections' list.
class KubeconfigReader {
 public:
  KubeconfigReader(YamlSection root, std::string_view directory)
      : root_(std::move(root)), directory_(directory) {}

  void read(std::string_view wanted, Kubeconfig& out) {
    root_.allow_only({"apiVersion", "kind", "preferences", "clusters", "users", "contexts",
                      "current-context", "extensions"});
    if (root_.has("kind") && root_.text("kind") != "Config") root_.error("kind", "must be Config");
    if (root_.has("apiVersion") && root_.text("apiVersion") != "v1") {
      root_.error("apiVersion", "must be v1");
    }
    out.context = wanted.empty() ? root_.text("current-context") : std::string(wanted);
    if (out.context.empty()) {
      root_.error("current-context", "is not set; say which context to use");
      return;
    }
    const YamlSection context = root_.named("contexts", out.context, "context");
    if (context.empty()) return;
    context.allow_only({"cluster", "user", "namespace", "extensions"});
    read_cluster(required_entry(context, "cluster", "clusters"), out);
    read_user(required_entry(context, "user", "users"), out);
  }

 private:
  YamlSection required_entry(const YamlSection& context, const char* key, const char* list) const {
    const std::string name = context.text(key);
    if (!name.empty()) return root_.named(list, name, key);
    context.error(key, "is missing");
    return context.section("");
  }

  void read_cluster(const YamlSection& cluster, Kubeconfig& out) const {
    if (cluster.empty()) return;
    cluster.allow_only({"server", "tls-server-name", "insecure-skip-tls-verify",
                        "certificate-authority", "certificate-authority-data", "proxy-url",
                        "disable-compression", "extensions"});
    out.server = cluster.text("server");
    out.server_key = cluster.key_path("server");
    if (out.server.empty()) cluster.error("server", "is missing");
    out.tls_server_name = cluster.text("tls-server-name");
    out.insecure_skip_tls_verify = cluster.flag("insecure-skip-tls-verify");
    out.certificate_authority = pem(cluster, "certificate-authority");
    if (out.insecure_skip_tls_verify && !out.certificate_authority.absent()) {
      cluster.error("insecure-skip-tls-verify", "cannot be combined with a certificate authority");
    }
    if (cluster.has("proxy-url")) {
      cluster.error("proxy-url", "is not supported: postern connects to API servers directly");
    }
  }

  void read_user(const YamlSection& user, Kubeconfig& out) const {
    if (user.empty()) return;
    user.allow_only({"client-certificate", "client-certificate-data", "client-key",
                     "client-key-data", "token", "tokenFile", "as", "as-uid", "as-groups",
                     "as-user-extra", "username", "password", "auth-provider", "exec",
                     "extensions"});
    refuse_unsupported(user);
    out.client_certificate = pem(user, "client-certificate");
    out.client_key = pem(user, "client-key");
    out.token = token(user);
    const bool certificate = !out.client_certificate.absent();
    const bool key = !out.client_key.absent();
    if (certificate && !key) user.error("client-key", "is missing, but there is a certificate");
    if (key && !certificate) user.error("client-certificate", "is missing, but there is a key");
    if (!certificate && !key && out.token.absent() && !uses_unsupported(user)) {
      user.error("token", "is missing, and there is no client certificate either");
    }
  }

  static bool uses_unsupported(const YamlSection& user) {
    return user.has("exec") || user.has("auth-provider") || user.has("username");
  }

  static void refuse_unsupported(const YamlSection& user) {
    constexpr const char* kNoPrograms =
        "is not supported: postern starts no programs to get credentials; use a client "
        "certificate, a token or a tokenFile";
    for (const char* key : {"exec", "auth-provider"}) {
      if (user.has(key)) user.error(key, kNoPrograms);
    }
    for (const char* key : {"username", "password"}) {
      if (user.has(key)) user.error(key, "is not supported: API servers take no passwords");
    }
    for (const char* key : {"as", "as-uid", "as-groups", "as-user-extra"}) {
      if (user.has(key)) {
        user.error(key, "is not supported: postern impersonates by its roles alone");
      }
    }
  }

  std::string resolved(const std::string& path) const {
    if (path.empty() || path.front() == '/' || directory_.empty()) return path;
    return std::string(directory_) + "/" + path;
  }

  /// `KEY-data`, else the file of `KEY`: the data stands first, as in client-go.
  KubeconfigValue pem(const YamlSection& section, const std::string& key) const {
    const std::string data_key = key + "-data";
    const std::string data = section.text(data_key.c_str());
    KubeconfigValue value;
    if (data.empty()) {
      value.path = resolved(section.text(key.c_str()));
      value.key = section.key_path(key.c_str());
      return value;
    }
    value.key = section.key_path(data_key.c_str());
    const auto decoded = decode_base64(data);
    if (!decoded) {
      section.error(data_key.c_str(), "is not base64");
    } else if (decoded->find("-----BEGIN ") == std::string::npos) {
      section.error(data_key.c_str(), "is not PEM in base64");
    }
    // Stays present when it is broken, so that nobody is told besides that it is missing.
    value.text = decoded.value_or(data);
    return value;
  }

  KubeconfigValue token(const YamlSection& user) const {
    KubeconfigValue value;
    value.path = resolved(user.text("tokenFile"));
    value.key = user.key_path("tokenFile");
    if (!value.path.empty()) return value;
    value.text = user.text("token");
    value.key = user.key_path("token");
    if (!is_printable(value.text) || value.text.find(' ') != std::string::npos) {
      user.error("token", "has characters that a token cannot have");
    }
    return value;
  }

  YamlSection root_;
  std::string_view directory_;
};

}  // namespace

tl::expected<Kubeconfig, std::vector<KubeconfigError>> parse_kubeconfig(
    std::string_view text, std::string_view context, std::string_view directory) {
  std::vector<KubeconfigError> errors;
  Kubeconfig result;
  const YamlSection root = YamlSection::parse(text, errors);
  if (!root.empty()) KubeconfigReader(root, directory).read(context, result);
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return result;
}

}  // namespace postern::kube
