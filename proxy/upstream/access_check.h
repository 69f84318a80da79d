#pragma once

#include "kube/request_info.h"
#include "kube/result.h"
#include "proxy/net/task.h"
#include "rbac/principals.h"

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace postern::proxy {

class UpstreamPool;

/// What a SelfSubjectAccessReview asks (authorization.k8s.io/v1 ResourceAttributes).
struct AccessQuestion {
  std::string verb;
  std::string group;  ///< "" for core
  std::string version;
  std::string resource;
  std::string subresource;
  std::string namespace_;  ///< "" for cluster-scoped kinds and for all namespaces
  std::string name;        ///< "" for every name
};

/// The question that a request is, as the API server's own authorizer would put it: for collections
/// the name is that of a `metadata.name=` selector.
AccessQuestion access_question(const kube::RequestInfo& info);

/// Body and answer of the review, for access_check.cc and rights_check.cc.
std::string access_review_body(const AccessQuestion& question);
/// `status.allowed` and not `status.denied` of an answered review; 502 when it is none.
Result<bool> parse_access_review(unsigned status, std::string_view body);

/// Asks a cluster whether it lets somebody make a call: SelfSubjectAccessReview in the name of a
/// share's principals (design §2 "Impersonation": otherwise one role would be read with another's
/// rights). One per worker and cluster; used on that worker's thread only.
///
/// Answers are kept for `ttl` by (principals, access request, question), at most `max_entries` of
/// them; identical questions that come while one is under way wait for its answer. Errors are not
/// kept.
class AccessCheck {
 public:
  struct Options {
    std::chrono::milliseconds ttl{10000};
    std::size_t max_entries = 1024;
  };

  AccessCheck();
  explicit AccessCheck(Options options);
  ~AccessCheck();
  AccessCheck(const AccessCheck&) = delete;
  AccessCheck& operator=(const AccessCheck&) = delete;

  /// Whether the cluster behind `pool` allows `principals` to do what `question` says; always the
  /// same pool, which must live as long as calls of its worker do. An error (502, 504, 500) is no
  /// permission: the caller treats it as a no, or answers with it.
  Task<Result<bool>> allowed(UpstreamPool& pool, rbac::Principals principals,
                             std::string access_request, AccessQuestion question);
  /// The same about a request.
  Task<Result<bool>> allowed(UpstreamPool& pool, rbac::Principals principals,
                             std::string access_request, const kube::RequestInfo& info);

  std::size_t cached() const;
  std::size_t asked() const;  ///< calls upstream so far

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace postern::proxy
