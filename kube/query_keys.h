#pragma once

#include "kube/request_info.h"

#include <string_view>

namespace postern::kube {

/// Whether any request of Kubernetes has this query key.
bool is_known_query_key(std::string_view key);

/// Whether a request of this verb and subresource (both already set in `info`) has this query key.
/// What it does not have would be ignored by kube-apiserver at best: `watch` on a named object, the
/// unsafe `ignoreStoreReadErrorWithClusterBreakingPotential`, `shardSelector` (its `shardInfo`
/// would tell of hidden objects). Sources: meta/v1 types.go *Options, core/v1 Pod*Options,
/// apiserver pkg/server/healthz.
bool takes_query_key(const RequestInfo& info, std::string_view key);

}  // namespace postern::kube
