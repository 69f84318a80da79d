#pragma once

#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace postern::kube {

/// Something that stands in a kubeconfig or in a file that it names: at most one of `text` and
/// `path`.
struct KubeconfigValue {
  std::string text;  ///< as it is used: base64 already decoded
  std::string path;  ///< absolute, or relative to the process when `directory` was
  std::string key;   ///< its key path, for messages: `users[0].user.client-key-data`
  bool absent() const { return text.empty() && path.empty(); }
};

/// What one context of a kubeconfig says of a cluster and of how to prove oneself there (client-go
/// tools/clientcmd/api/v1/types.go). A plain value; nothing of it has been opened.
struct Kubeconfig {
  std::string context;     ///< the context's name
  std::string server;      ///< a URL, not looked into
  std::string server_key;  ///< its key path
  std::string tls_server_name;
  bool insecure_skip_tls_verify = false;
  KubeconfigValue certificate_authority;  ///< PEM; absent: the system's
  KubeconfigValue client_certificate;     ///< PEM; there exactly when client_key is
  KubeconfigValue client_key;
  KubeconfigValue token;  ///< a file, where there is one, stands before a token, as in client-go
};

/// Something wrong in a kubeconfig.
struct KubeconfigError {
  int line = 0;         ///< from 1; 0: unknown
  int column = 0;       ///< from 1; 0: unknown
  std::string key;      ///< key path, "" for the text as a whole
  std::string message;  ///< what is wrong and what would be right; never a credential
  friend bool operator==(const KubeconfigError&, const KubeconfigError&) = default;
};

/// Reads one context out of a kubeconfig's text (YAML or JSON): `context`, or the current one when
/// that is "". Relative file names are taken from `directory` ("" leaves them as they are).
///
/// Only the chosen context, cluster and user are looked at; everything wrong with them comes back
/// at once. Refused with a sentence: exec plugins and auth providers (postern starts no programs),
/// proxy-url, user names with passwords, impersonation. Unknown keys are errors, keys without a
/// meaning here (extensions, preferences, namespace, disable-compression) are not. Pure.
tl::expected<Kubeconfig, std::vector<KubeconfigError>> parse_kubeconfig(std::string_view text,
                                                                        std::string_view context,
                                                                        std::string_view directory);

}  // namespace postern::kube
