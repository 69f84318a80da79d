#pragma once

#include "proxy/audit/level.h"
#include "rbac/user_info.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postern::proxy::audit {

/// What rules look at. Views live as long as the call.
struct Attributes {
  const rbac::UserInfo* user = nullptr;  ///< nullptr: nobody has been proved
  std::string_view verb;
  bool is_resource_request = false;
  std::string_view api_group;
  std::string_view resource;
  std::string_view subresource;
  std::string_view namespace_;
  std::string_view name;
  std::string_view path;  ///< of a request that is about no resource
};

/// How a request is written down (k8s.io/apiserver pkg/audit RequestAuditConfig).
struct RequestConfig {
  Level level = Level::kNone;
  StageSet omit_stages;
  bool omit_managed_fields = false;

  bool wants(Stage stage) const { return level != Level::kNone && !omit_stages.contains(stage); }
};

/// An entry of a rule's `resources`.
struct GroupResources {
  std::string group;                   ///< "" is core
  std::vector<std::string> resources;  ///< `pods`, `pods/log`, `pods/*`, `*/scale`, `*`; none: all
  std::vector<std::string> resource_names;  ///< none: all
};

/// One PolicyRule. Of every list, an empty one says nothing.
struct PolicyRule {
  Level level = Level::kNone;
  std::vector<std::string> users;
  std::vector<std::string> user_groups;
  std::vector<std::string> verbs;
  std::vector<GroupResources> resources;
  std::vector<std::string> namespaces;  ///< "" is: none
  std::vector<std::string> non_resource_urls;
  StageSet omit_stages;
  std::optional<bool> omit_managed_fields;  ///< nullopt: as the policy has it
};

/// An `audit.k8s.io/v1` Policy. A value; safe from any thread.
struct Policy {
  std::vector<PolicyRule> rules;
  StageSet omit_stages;
  bool omit_managed_fields = false;

  /// By the first rule that matches; None where none does. Source: k8s.io/apiserver
  /// pkg/audit/policy/checker.go.
  RequestConfig evaluate(const Attributes& attributes) const;
};

/// What holds without a policy file: Metadata for everything but health and discovery; what reads
/// is written down when it is answered, everything else, exec, proxying and Secrets also before it
/// goes to a cluster.
const Policy& built_in_policy();

}  // namespace postern::proxy::audit
