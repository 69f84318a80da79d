#pragma once

#include "kube/result.h"
#include "proxy/net/task.h"

#include <string>

namespace postern::proxy {

class UpstreamPool;

/// Reads the CA of a cluster's client certificates as aggregated API servers do: `client-ca-file`
/// of the ConfigMap kube-system/extension-apiserver-authentication (k8s.io/apiserver
/// pkg/server/options/authentication.go), which the role extension-apiserver-authentication-reader
/// of that namespace lets postern see.
///
/// PEM; "" when the cluster has no such CA. 502, 504 as fetch(), 502 also for an answer that cannot
/// be used; the messages are for the operator.
Task<Result<std::string>> read_cluster_client_ca(UpstreamPool& pool);

}  // namespace postern::proxy
