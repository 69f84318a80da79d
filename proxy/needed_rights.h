#pragma once

#include "proxy/config.h"
#include "proxy/upstream/rights_check.h"
#include "rbac/policy.h"

#include <vector>

namespace postern::proxy {

/// What postern's own credential needs at a cluster, by the configuration. `cluster` is one of its
/// kubeClusters.
std::vector<NeededRight> own_rights(const ProxyConfiguration& configuration,
                                    const KubeClusterConfiguration& cluster);

/// The part of it that `storage: {type: kubernetes}` needs: the rules of
/// charts/postern/files/rbac/store-role.yaml. Nothing where the store is not kept at this cluster.
std::vector<NeededRight> store_rights(const ProxyConfiguration& configuration,
                                      const KubeClusterConfiguration& cluster);

/// Whom roles make calls as, as far as they name them outright: at most 50 users and 50 groups, for
/// each of which a cluster may be asked.
NeededImpersonation impersonation_of(const rbac::Policy& policy);

/// Whose credential it is, for sentences: "postern's own identity", or the impersonator's name.
std::string impersonating_account(const KubeClusterConfiguration& cluster);

}  // namespace postern::proxy
