#pragma once

#include "kube/result.h"
#include "proxy/access/api/kinds.h"
#include "proxy/access/state/access_state.h"
#include "proxy/access/state/objects.h"
#include "rbac/policy.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace postern::proxy::access::api {

/// What one person may see of the access objects, by static roles: design §2 "access.postern.dev".
/// Made on the access thread for a call or a watch; holds for as long as the roles stay the same.
class Viewer {
 public:
  Viewer(const AccessState& state, const Caller& caller);

  /// Whether the person may list or watch this kind at all, or get one of them: 403 for roles and
  /// users. Of requests, clusters and sessions everybody sees those that they see.
  Result<void> may_read(const KindInfo& kind, std::string_view verb, std::string_view name) const;

  bool sees(const RequestObject& request) const;
  /// Whether sees() may hold for a request that the person neither filed nor reviewed.
  bool sees_others_requests() const { return reads_all_requests_ || reviews_some_; }
  /// Whether the person may review it now (rbac::request::may_review()).
  bool reviews(const RequestObject& request) const;
  bool sees(const RoleObject&) const { return true; }
  bool sees(const UserObject&) const { return true; }
  bool sees(const ClusterObject& cluster) const;
  bool sees(const SessionObject& session) const;

  const rbac::request::Person& person() const { return person_; }
  const Caller& caller() const { return caller_; }

 private:
  Caller caller_;
  rbac::request::Person person_;
  std::shared_ptr<const rbac::request::Directory> directory_;
  /// The clusters of the configuration; the state that has them outlives every viewer.
  const std::map<std::string, ClusterPtr, std::less<>>* clusters_;
  bool reaches_all_ = false;  ///< the name counts at every cluster (name_reach.h)
  bool reads_all_requests_ = false;
  bool reviews_some_ = false;
  bool reads_all_sessions_ = false;
  bool reads_all_clusters_ = false;
};

/// Whether a watch of this kind shows this user the same under both policies. Any thread.
bool same_view(const rbac::Policy& before, const rbac::Policy& now, const rbac::UserInfo& user,
               std::string_view resource);

}  // namespace postern::proxy::access::api
