#pragma once

#include "kube/api_catalog.h"
#include "kube/request_info.h"
#include "rbac/authorize.h"
#include "rbac/load.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac::test {

/// The kinds that the tests' cluster serves.
const std::vector<kube::ApiResource>& kinds();
/// A catalogue of them.
const kube::ApiCatalog& catalog();
const kube::ApiResource* find_kind(std::string_view group, std::string_view resource);

/// One question, as a request line and what goes with it.
struct Ask {
  std::string method;
  std::string target;
  const kube::BodyFacts* body = nullptr;
  std::string patch_type = {};
  ImpersonationChoice choice = {};
  TimePoint now = TimePoint(std::chrono::seconds(1000));
};

/// Roles, a user who has all of them, and one cluster: `k` in `c`, labelled env=dev.
class World {
 public:
  /// `documents`: roles (and users) in YAML. A user alice with every role is added, unless one is
  /// among them. Fails the test when something does not load.
  explicit World(std::string_view documents, ImpersonationLimits limits = {});

  /// Sets the grants of alice's session.
  void assume(std::vector<Grant> grants);
  void become(UserInfo user);

  Decision ask(const Ask& ask) const;
  Decision ask(std::string_view method, std::string_view target) const;
  /// "allow", "filter", "body", or the status code of the refusal.
  std::string verdict(const Ask& ask) const;
  std::string verdict(std::string_view method, std::string_view target) const;
  /// What of these objects ("ns/name", or "name") is left of a collection, by all its shares.
  std::string seen(std::string_view target, const std::vector<std::string>& objects,
                   std::string_view method = "GET") const;

  const Policy& policy() const { return *policy_; }
  const Subject& subject() const { return *subject_; }
  Cluster cluster{"k", {{"env", "dev"}}};

 private:
  std::shared_ptr<const Policy> policy_;
  UserInfo user_{"alice", {}, ""};
  std::shared_ptr<const Subject> subject_;
};

/// A v8 role `dev` for every cluster with these rules ("{kind: …}", one each).
std::string role_v8(const std::vector<std::string>& allow,
                    const std::vector<std::string>& deny = {}, std::string_view name = "dev");
/// The same in v7.
std::string role_v7(const std::vector<std::string>& allow,
                    const std::vector<std::string>& deny = {}, std::string_view name = "dev");

/// A role of a document, for grants.
std::shared_ptr<const Role> load_role(std::string_view document);
Grant grant(std::string request, std::vector<std::shared_ptr<const Role>> roles,
            const std::vector<std::string>& ids);
kube::BodyFacts body(std::string_view name, std::string_view generate_name = "");

}  // namespace postern::rbac::test
