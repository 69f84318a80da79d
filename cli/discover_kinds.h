#pragma once

#include "kube/api_catalog.h"
#include "proxy/config.h"

#include <memory>

namespace postern::cli {

/// Asks a cluster which kinds it serves, with postern's own credential. Takes ten seconds at most;
/// the error is a sentence.
tl::expected<std::shared_ptr<const kube::ApiCatalog>, std::string> discover_kinds(
    const proxy::ProxyConfiguration& configuration, const proxy::KubeClusterConfiguration& cluster);

}  // namespace postern::cli
