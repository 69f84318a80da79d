#pragma once

#include "proxy/access/api/resource_finder.h"
#include "proxy/net/snapshot.h"
#include "proxy/session/object_lister.h"
#include "proxy/session/worker_state.h"
#include "rbac/request/directory.h"
#include "rbac/request/search.h"

namespace postern::proxy {

/// Searches and previews over one worker's connections (design §2: "an ordinary list by a synthetic
/// session of the user's pruned `search_as_roles`"): names, namespaces and labels, nothing else.
///
/// A search goes through pages of what the cluster has until it has found as many objects as were
/// asked for or has looked for a few seconds; then it answers with what it has and a token for
/// going on. So it holds one page at a time, however large the cluster is.
class ClusterResourceFinder : public access::ResourceFinder {
 public:
  /// Both must outlive the finder.
  ClusterResourceFinder(WorkerState& state, const Snapshot<rbac::request::Directory>& directory)
      : state_(state), directory_(directory) {}

  /// `kind` is a short kind, `PLURAL.GROUP`, a plural that has a short kind, `namespace`, or
  /// `kube_cluster`, which lists the clusters that the caller may know of. For pods also the
  /// patterns of the workloads that they belong to, and for workloads those of their pods.
  Task<Result<access::ResourceAnswer>> search(access::Caller caller,
                                              access::ResourceQuestion question) override;
  /// At most 200 objects. Whole clusters and resources of other kinds are not looked into.
  Task<Result<access::PreviewAnswer>> preview(access::Caller caller,
                                              access::RequestPtr request) override;

 private:
  struct Search;
  rbac::request::Person person(const access::Caller& caller);
  ObjectQuestion list_as(const access::Caller& caller, const rbac::request::RoleSet& roles);
  Result<Search> prepare(const access::Caller& caller, const access::ResourceQuestion& question);
  access::ResourceAnswer search_clusters(const access::Caller& caller,
                                         const access::ResourceQuestion& question);
  Task<Result<void>> preview_id(const access::Caller& caller, const rbac::ResourceId& id,
                                access::PreviewAnswer& answer);

  WorkerState& state_;
  const Snapshot<rbac::request::Directory>& directory_;
};

}  // namespace postern::proxy
