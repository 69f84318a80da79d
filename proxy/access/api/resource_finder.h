#pragma once

#include "kube/result.h"
#include "proxy/access/state/objects.h"
#include "proxy/net/task.h"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace postern::proxy::access {

/// `spec` of a ResourceSearch.
struct ResourceQuestion {
  std::string kind;          ///< a short kind, or PLURAL.GROUP
  std::string kube_cluster;  ///< "" for `kube_cluster`s
  std::string namespace_;    ///< "" without one
  bool all_namespaces = false;
  std::vector<std::string> search;
  std::map<std::string, std::string> labels;
  std::size_t limit = 0;  ///< 0: the finder's own
  std::string continue_token;
};

/// An object that was found.
struct FoundResource {
  std::string id;
  std::string name;
  std::string namespace_;
  std::map<std::string, std::string> labels;
};

/// The ID of all that a workload makes.
struct FoundPattern {
  std::string id;
  std::string workload;
};
/// What a search has found, a page of it.
struct ResourceAnswer {
  std::vector<FoundResource> resources;
  std::vector<FoundPattern> patterns;
  std::string continue_token;  ///< "": that is all
};
/// What a request would reach today.
struct PreviewAnswer {
  std::vector<FoundResource> resources;
  bool truncated = false;
  std::vector<std::string> errors;  ///< sentences: what could not be looked at
};

/// Looks at the clusters in the name of the caller's own roles: those of `search_as_roles`, or of
/// `preview_as_roles`. One per worker, on whose thread it is called; the coroutine may be destroyed
/// while it waits.
class ResourceFinder {
 public:
  virtual ~ResourceFinder() = default;

  /// 422 with field paths (`spec.kind`, …), 403 for what may not be searched, and what the cluster
  /// answers.
  virtual Task<Result<ResourceAnswer>> search(Caller caller, ResourceQuestion question) = 0;
  /// What the request's IDs match now, as far as the caller's preview roles see it.
  virtual Task<Result<PreviewAnswer>> preview(Caller caller, RequestPtr request) = 0;
};

}  // namespace postern::proxy::access
