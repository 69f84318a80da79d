#pragma once

#include "proxy/config_error.h"
#include "proxy/upstream/watched_file.h"

#include <cstdint>
#include <string>

namespace postern::proxy {

/// Where a kube cluster is and how to prove oneself there, as it is written down, before anything
/// of it has been opened. Made from a kubeconfig or from a pod's service account.
struct EndpointSource {
  std::string origin;           ///< the kubeconfig's path, for messages
  std::string context;          ///< of the kubeconfig, as it was asked for
  WatchedFile kubeconfig;       ///< absent in a pod
  std::string server;           ///< https://HOST[:PORT][/BASE/PATH]
  std::string server_key;       ///< its key path
  std::string tls_server_name;  ///< "": the host
  bool insecure_skip_tls_verify = false;

  WatchedFile ca;  ///< absent: the system's CAs
  WatchedFile certificate;
  WatchedFile key;
  WatchedFile token;  ///< a bearer token
  /// There is no credential here: a token is issued at run time (ClusterEndpoint::take_token).
  bool issued_token = false;
};

/// The same place, for calls whose token is issued at run time.
EndpointSource without_credential(EndpointSource source);

/// Reads a context of a kubeconfig file (the current one when `context` is ""); file names in it
/// are relative to its directory. All errors at once, with line and key path.
Loaded<EndpointSource> kubeconfig_source(const std::string& path, const std::string& context = "");

/// Where kubelet puts a pod's credentials (client-go rest.InClusterConfig).
struct InClusterSource {
  std::string directory = "/var/run/secrets/kubernetes.io/serviceaccount";
  std::string host;  ///< "": the environment's KUBERNETES_SERVICE_HOST
  std::string port;  ///< "": the environment's KUBERNETES_SERVICE_PORT
};
Loaded<EndpointSource> in_cluster_source(const InClusterSource& from);

/// The parts of EndpointSource::server.
struct ServerUrl {
  std::string host;  ///< without the brackets of an IPv6 address
  std::uint16_t port = 443;
  std::string base_path;  ///< "" or "/…" without a slash at its end
};
/// The error says what does not fit. `https` only: a credential is never sent in clear.
tl::expected<ServerUrl, std::string> parse_server_url(const std::string& url);

}  // namespace postern::proxy
