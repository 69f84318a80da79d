#pragma once

#include "cli/failure.h"
#include "cli/json.h"

#include <string>
#include <vector>

namespace postern::cli {

/// kubectl's arguments without those that say which kubeconfig and context: these are ours.
struct KubectlWords {
  std::vector<std::string> arguments;
  std::string kubeconfig;  ///< of `--kubeconfig`
  std::string context;     ///< of `--context`
};

/// What stands behind `--` or behind a kubectl plugin's own words is left alone. A usage failure
/// for an option without its value.
Outcome<KubectlWords> split_kubectl_words(const std::vector<std::string>& arguments);

/// Where kubectl is to go.
struct KubectlTarget {
  std::string server;      ///< a URL at the proxy
  std::string namespace_;  ///< "": kubectl's default
};

/// The wanted context (or the current one) of a kubeconfig, if it leads to the proxy at `url`; else
/// the proxy's default cluster. A usage failure when a context was asked for by name that leads
/// elsewhere. `cluster`: this one of the proxy's, whatever the context says.
Outcome<KubectlTarget> choose_target(const Json& kubeconfig, const std::string& context,
                                     const std::string& url, const std::string& cluster);

}  // namespace postern::cli
