#pragma once

#include "kube/api_catalog.h"
#include "kube/result.h"
#include "proxy/net/task.h"
#include "proxy/upstream/discovery.h"
#include "proxy/upstream/upstream.h"

#include <cstddef>
#include <memory>
#include <string>

namespace postern::proxy {

/// The aggregated documents' entity tags, by which an unchanged cluster answers 304 and costs
/// nothing.
struct DiscoveryTags {
  std::string core;    ///< of /api
  std::string groups;  ///< of /apis
};

/// Reads a cluster's whole discovery: aggregated where the server has it, else document by
/// document.
///
/// The result is a new catalogue, or nullptr when the documents with these tags are still current.
/// `tags` are set to those of what was read. A group version that cannot be read becomes stale in
/// the catalogue. 502, 504 when the cluster cannot be reached or does not answer discovery at all;
/// nothing of an incomplete reading is kept.
Task<Result<std::shared_ptr<const kube::ApiCatalog>>> read_discovery(UpstreamPool& pool,
                                                                     DiscoveryTags& tags,
                                                                     std::size_t max_bytes);

/// Reads the UID of `kube-system` and the API server's version, each "" when postern may not; two
/// of the closed list of calls with postern's own rights (design §2 "Impersonation"). 502, 504 when
/// the cluster does not answer at the moment.
Task<Result<ClusterIdentity>> read_identity(UpstreamPool& pool);

/// Asks for one group version's resource list (/api/v1 or /apis/GROUP/VERSION).
Task<Result<FetchedResponse>> get_group_version(UpstreamPool& pool, std::string group,
                                                std::string version, std::size_t max_bytes);

enum class GroupVersionAnswer { kRead, kNotServed, kBroken };

/// Puts the answer into the catalogue. kBroken: the group version's server failed, or sent what is
/// no resource list; the catalogue is unchanged then, as with kNotServed (404).
GroupVersionAnswer add_group_version(kube::ApiCatalog& catalog, const std::string& group,
                                     const std::string& version, const FetchedResponse& answer);

}  // namespace postern::proxy
