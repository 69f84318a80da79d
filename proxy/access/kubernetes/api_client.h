#pragma once

#include "kube/result.h"
#include "proxy/access/kubernetes/custom_resource.h"
#include "proxy/net/task.h"
#include "proxy/upstream/upstream.h"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::access {

/// One call with postern's own credential; the body of a 2xx answer. Anything else is an error with
/// the API server's own code, reason and message (or 502 and 504 as fetch()). A body is JSON.
Task<Result<std::string>> call_api(UpstreamPool& pool, std::string method, std::string target,
                                   std::string body, std::string content_type = "application/json");

/// The custom resources of one namespace.
///
/// Everything runs on the pool's worker. Errors are those of call_api(): after 5xx of a write it is
/// not known whether it happened.
class CustomResourceClient {
 public:
  /// `pool` must outlive this.
  CustomResourceClient(UpstreamPool& pool, std::string in_namespace)
      : pool_(pool), namespace_(std::move(in_namespace)) {}

  struct Listed {
    std::vector<CustomResource> items;
    Version version = 0;
  };
  /// All pages, of one moment.
  Task<Result<Listed>> list(const ResourceKind& kind);
  Task<Result<CustomResource>> get(const ResourceKind& kind, std::string object_name);
  Task<Result<CustomResource>> create(const ResourceKind& kind, const CustomResource& resource,
                                      const Summary& summary);
  /// 409 unless the object still has `resource.version` and `resource.uid`.
  Task<Result<CustomResource>> replace(const ResourceKind& kind, const CustomResource& resource,
                                       const Summary& summary);
  /// Deletes the object if it is still in this state.
  Task<Result<void>> remove(const ResourceKind& kind, const CustomResource& resource);

  /// Says in the object's status that it does not count, and why.
  Task<Result<void>> mark_refused(const ResourceKind& kind, const CustomResource& resource,
                                  std::string reason, std::string why);

  /// Where a watch from this version is, without `timeoutSeconds`.
  std::string watch_target(const ResourceKind& kind, Version from) const;
  UpstreamPool& pool() { return pool_; }
  const std::string& in_namespace() const { return namespace_; }

 private:
  std::string path(const ResourceKind& kind, std::string_view object_name = {}) const;
  Task<Result<CustomResource>> write(std::string method, std::string target, std::string body);

  UpstreamPool& pool_;
  const std::string namespace_;
};

}  // namespace postern::proxy::access
