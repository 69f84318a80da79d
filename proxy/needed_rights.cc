#include "proxy/needed_rights.h"

#include "proxy/access/kubernetes/lease_holder.h"
#include "rbac/subject_rules.h"

#include <array>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

// Tested by tests/proxy/pod_events_test.cc
namespace postern::proxy {
namespace {

constexpr std::size_t kMaxNames = 50;
constexpr std::string_view kServiceAccount = "system:serviceaccount:";

NeededRight right(AccessQuestion question, std::string purpose) {
  return {std::move(question), std::move(purpose)};
}

constexpr std::string_view kStoreGroup = "store.postern.dev";
constexpr std::array kStored{"accessrequests", "accessroles", "accessusers",
                             "logins",         "sessions",    "marks"};
constexpr std::array kObjectVerbs{"get", "list", "watch", "create", "update", "delete"};

/// A named object that is read and changed, and made where there is none: `create` cannot be
/// limited to a name.
void add_object_rights(const AccessQuestion& object, const std::string& purpose,
                       std::vector<NeededRight>& into) {
  AccessQuestion create = object;
  create.verb = "create";
  create.name.clear();
  into.push_back(right(std::move(create), purpose));
  for (const char* verb : {"get", "update"}) {
    AccessQuestion named = object;
    named.verb = verb;
    into.push_back(right(std::move(named), purpose));
  }
}

/// The names of a role that need no user's traits and that the configuration lets it use.
void add_names(const std::vector<rbac::TraitTemplate>& from,
               const rbac::ImpersonationLimits& limits, std::set<std::string>& into) {
  for (const rbac::TraitTemplate& name : from) {
    const bool usable = !name.has_trait() && rbac::principal_fault(name.text(), limits).empty();
    if (usable && into.size() < kMaxNames) into.insert(name.text());
  }
}

/// `NAMESPACE/NAME` of a service account's user name; "" for any other.
std::string service_account_of(const std::string& user) {
  if (!user.starts_with(kServiceAccount)) return "";
  const std::string rest = user.substr(kServiceAccount.size());
  const std::size_t colon = rest.find(':');
  if (colon == std::string::npos) return "";
  return rest.substr(0, colon) + "/" + rest.substr(colon + 1);
}

}  // namespace

std::vector<NeededRight> own_rights(const ProxyConfiguration& configuration,
                                    const KubeClusterConfiguration& cluster) {
  std::vector<NeededRight> rights;
  AccessQuestion system{.verb = "get", .resource = "namespaces", .name = "kube-system"};
  rights.push_back(right(std::move(system), "telling this cluster from another (access requests)"));
  const AuthenticationConfiguration& authentication = configuration.authentication;
  if (const auto& review = authentication.token_review;
      review && review->kube_cluster == cluster.name) {
    AccessQuestion create{
        .verb = "create", .group = "authentication.k8s.io", .resource = "tokenreviews"};
    rights.push_back(right(std::move(create), "authentication.tokenReview"));
  }
  if (const auto& ca = authentication.cluster_client_ca; ca && ca->kube_cluster == cluster.name) {
    AccessQuestion get{.verb = "get",
                       .resource = "configmaps",
                       .namespace_ = "kube-system",
                       .name = "extension-apiserver-authentication"};
    rights.push_back(right(std::move(get), "authentication.clusterClientCA"));
  }
  if (const auto& impersonator = cluster.impersonator) {
    AccessQuestion create{.verb = "create",
                          .resource = "serviceaccounts",
                          .subresource = "token",
                          .namespace_ = impersonator->namespace_,
                          .name = impersonator->service_account};
    rights.push_back(right(std::move(create), "the cluster's impersonator"));
  }
  std::vector<NeededRight> of_store = store_rights(configuration, cluster);
  std::move(of_store.begin(), of_store.end(), std::back_inserter(rights));
  return rights;
}

std::vector<NeededRight> store_rights(const ProxyConfiguration& configuration,
                                      const KubeClusterConfiguration& cluster) {
  const StorageConfiguration& storage = configuration.storage;
  if (storage.type != StorageConfiguration::kKubernetes || storage.kube_cluster != cluster.name) {
    return {};
  }
  std::vector<NeededRight> rights;
  AccessQuestion object{.group = std::string(kStoreGroup), .namespace_ = storage.namespace_};
  for (const char* resource : kStored) {
    object.resource = resource;
    for (const char* verb : kObjectVerbs) {
      object.verb = verb;
      rights.push_back(right(object, "the storage"));
    }
    AccessQuestion status = object;
    status.verb = "patch";
    status.subresource = "status";
    rights.push_back(right(std::move(status), "marking what does not count in the storage"));
  }
  const AccessQuestion keys{
      .resource = "secrets", .namespace_ = storage.namespace_, .name = storage.secret_name};
  add_object_rights(keys, "the storage's keys", rights);
  const AccessQuestion lease{.group = "coordination.k8s.io",
                             .resource = "leases",
                             .namespace_ = storage.namespace_,
                             .name = access::LeaseHolder::Options().name};
  add_object_rights(lease, "the storage's housekeeping", rights);
  return rights;
}

NeededImpersonation impersonation_of(const rbac::Policy& policy) {
  std::set<std::string> users;
  std::set<std::string> groups{"system:authenticated"};
  for (const auto& [name, role] : policy.roles()) {
    add_names(role->allow.kubernetes_users, policy.limits(), users);
    add_names(role->allow.kubernetes_groups, policy.limits(), groups);
  }
  // A service account that may act as itself: listed by name, for its name is a `system:` one.
  for (const std::string& name : policy.limits().allow_system) {
    if (!service_account_of(name).empty() && users.size() < kMaxNames) users.insert(name);
  }
  NeededImpersonation needed;
  for (const std::string& user : users) {
    std::string account = service_account_of(user);
    (account.empty() ? needed.users : needed.service_accounts)
        .push_back(account.empty() ? user : std::move(account));
  }
  needed.groups.assign(groups.begin(), groups.end());
  needed.access_request_extra = true;
  return needed;
}

std::string impersonating_account(const KubeClusterConfiguration& cluster) {
  if (!cluster.impersonator) return "postern's own identity";
  return "the service account " + cluster.impersonator->namespace_ + "/" +
         cluster.impersonator->service_account;
}

}  // namespace postern::proxy
