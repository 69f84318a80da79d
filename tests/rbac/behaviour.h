#pragma once

// What the rows of the behaviour tables share: how a rule is written, and how it is asked about.

#include "rbac/self_review.h"
#include "world.h"

#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

namespace postern::rbac::test {

/// Objects of the tables' cluster, as NAMESPACE/NAME.
inline const std::vector<std::string> kFixturePods = {"default/nginx-1", "default/nginx-2",
                                                      "default/test", "dev/nginx-1", "dev/nginx-2"};
inline const std::vector<std::string> kFixtureClusterRoles = {"cr-nginx-1", "cr-nginx-2",
                                                              "cr-test"};

inline const char* const kAll = "['*']";
/// v8: everything of every kind.
inline const char* const kEverything =
    "{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}";

/// A rule without a group: of v7, or in v8 for a kind of the core group.
inline std::string rule(std::string_view kind, std::string_view space, std::string_view name,
                        std::string_view verbs = kAll) {
  return "{kind: '" + std::string(kind) + "', namespace: '" + std::string(space) + "', name: '" +
         std::string(name) + "', verbs: " + std::string(verbs) + "}";
}

/// The same for a kind without namespaces.
inline std::string cluster_rule(std::string_view kind, std::string_view name,
                                std::string_view verbs = kAll) {
  return "{kind: '" + std::string(kind) + "', name: '" + std::string(name) +
         "', verbs: " + std::string(verbs) + "}";
}

/// A rule of v8 with its group.
inline std::string group_rule(std::string_view kind, std::string_view group, std::string_view space,
                              std::string_view name, std::string_view verbs = kAll) {
  return "{kind: '" + std::string(kind) + "', api_group: '" + std::string(group) +
         "', namespace: '" + std::string(space) + "', name: '" + std::string(name) +
         "', verbs: " + std::string(verbs) + "}";
}

/// Everything is allowed, and these rules of v7 deny.
inline World all_but(const std::vector<std::string>& denied) {
  return World(role_v8({kEverything}, {}, "all") + role_v7({}, denied));
}

/// The answer to a SelfSubjectAccessReview: postern's half.
inline bool may(const World& world, const AccessQuestion& question) {
  return review_access(world.policy(), world.subject(), world.cluster, question,
                       find_kind(question.group, question.resource), {},
                       TimePoint(std::chrono::seconds(1000)))
      .allowed;
}

/// The objects ("ns/name") of one namespace, as the API server would list them.
inline std::vector<std::string> in(std::string_view space,
                                   const std::vector<std::string>& objects) {
  std::vector<std::string> found;
  for (const std::string& object : objects) {
    if (object.starts_with(std::string(space) + "/")) found.push_back(object);
  }
  return found;
}

}  // namespace postern::rbac::test
