#pragma once

#include "cli/context.h"
#include "cli/failure.h"

#include <string>

namespace postern::cli {

/// `postern kube login`.
struct KubeLoginArguments {
  std::string cluster;     ///< "": the default one
  std::string namespace_;  ///< of the context; "": as it was
  std::string context_name;
  bool keep_current = false;  ///< does not make it the current context
};

/// Writes a context for a cluster (for whom none is open: for the access API alone) into the
/// kubeconfig (`--kubeconfig`, else the one that kubectl would write to); its user is `postern kube
/// credential`.
Outcome<void> run_kube_login(const KubeLoginArguments& arguments, const Context& context);

/// `postern kube credential`: the session's token as an ExecCredential, for kubectl.
Outcome<void> run_kube_credential(const std::string& cluster, const Context& context);

}  // namespace postern::cli
