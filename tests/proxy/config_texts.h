#pragma once

#include "proxy/config.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::proxy::testing {

inline const std::string kHead =
    "apiVersion: config.postern.dev/v1alpha1\n"
    "kind: ProxyConfiguration\n";
inline const std::string kCluster = "kubeClusters: [{name: c, kubeconfig: /k}]\n";

/// Every error of a configuration, one a line.
inline std::string errors(const std::string& yaml) {
  const auto configuration = parse_configuration("/etc/postern/config.yaml", yaml);
  if (configuration) return "";
  std::string text;
  for (const ConfigError& error : configuration.error()) text += error.to_string() + "\n";
  return text;
}

inline ProxyConfiguration parsed(const std::string& yaml) {
  const auto configuration = parse_configuration("/etc/postern/config.yaml", yaml);
  CAPTURE(errors(yaml));
  REQUIRE(configuration);
  return *configuration;
}

}  // namespace postern::proxy::testing
