#include "tests/rbac/request/asking.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

TEST_CASE("behaviour 3.12 reason: when one has to be given") {
  const Directory directory = directory_of(
      kRoles + role("always", "options: {request_access: always}") +
      role("optional", "options: {request_access: optional, request_prompt: Why}") +
      role("reason", "options: {request_access: reason, request_prompt: 'Which ticket'}") +
      role("pods-why",
           "allow: {request: {roles: [pods], reason: {mode: required, prompt: 'Pods?'}}}") +
      role("pods-maybe", "allow: {request: {roles: [pods], reason: {mode: optional}}}") +
      role("any-why", "allow: {request: {roles: ['s*'], reason: {mode: required}}}") +
      role("all-why", "allow: {request: {roles: ['*'], reason: {mode: required}}}") +
      role("seek-why", "allow: {request: {search_as_roles: [nginx], reason: {mode: required}}}"));
  const std::string nginx = "/mycluster/pod/k/dev/nginx";
  struct Row {
    std::vector<std::string> held;
    NewRequest asked;
    bool required;
  };
  for (const Row& row : std::vector<Row>{
           {{"asks"}, for_roles({"pods"}), false},
           {{"asks", "always"}, for_roles({"pods"}), false},
           {{"asks", "optional"}, for_roles({"pods"}), false},
           {{"asks", "reason"}, for_roles({"pods"}), true},
           {{"seek-more", "reason"}, for_ids({nginx}), true},
           {{"pods-why"}, for_roles({"pods"}), true},
           {{"pods-maybe"}, for_roles({"pods"}), false},
           {{"pods-maybe", "pods-why"}, for_roles({"pods"}), true},
           {{"asks", "pods-why"}, for_roles({"secrets"}), false},
           {{"asks", "pods-why"}, for_roles({"*"}), true},
           {{"asks", "any-why"}, for_roles({"secrets"}), true},  // by a wildcard
           {{"asks", "any-why"}, for_roles({"pods"}), false},
           {{"asks", "all-why"}, for_roles({"pods"}), true},
           {{"asks", "pods-why"}, for_roles({"secrets", "pods"}), true},  // one of several
           {{"seek-why"}, for_ids({nginx}), true},
           {{"seek-more", "seek-why"}, for_ids({nginx}), true},
           {{"seek-more", "seek-why"}, for_ids({"/mycluster/secret/prod/x/s"}), false},  // pruned
           {{"seek-more", "seek-why"}, for_ids({nginx, "/mycluster/secret/prod/x/s"}), true},
           {{"seek-pods", "seek-why"}, for_ids({"/mycluster/pod/k/dev/nginx"}, {"pods"}), false},
           {{"seek-pods", "seek-why"}, for_ids({nginx}, {"nginx"}), true},
           // Whoever may ask for every role needs a reason for search roles too.
           {{"seek-pods", "all-why"}, for_ids({"/mycluster/pod/k/dev/a"}), true},
           {{"seek-pods", "seek-why"}, for_ids({"/mycluster/pod/k/dev/a"}), false},
       }) {
    const Person alice = person_of(directory, "alice", row.held);
    for (const char* reason : {"", "   ", "because"}) {
      NewRequest asked = row.asked;
      asked.reason = reason;
      const auto request = create_as(directory, alice, asked);
      INFO(row.held.back() << " '" << reason << "'");
      const bool given = std::string_view(reason) == "because";
      CHECK(request.has_value() == (given || !row.required));
      if (!request) {
        CHECK(request.error().code == 422);
        CHECK(request.error().causes.at(0).field == "spec.reason");
        CHECK(request.error().causes.at(0).type == "FieldValueRequired");
      }
    }
  }
  const Person alice = person_of(directory, "alice", {"reason", "pods-why", "optional"});
  const ReasonDemand demand = reason_demand(alice, {"pods"});
  CHECK(demand.required);
  CHECK(demand.prompts == std::vector<std::string>{"Which ticket", "Pods?", "Why"});
  CHECK_HAS(said(create_as(directory, alice, for_roles({"pods"}))),
            "your roles want a reason: Which ticket: Pods?: Why");
}

// The model takes a mode that it does not know for `optional`; here such a role is not loaded, so
// that a misspelt `required` demands nothing less.
TEST_CASE("behaviour 2.2 reason: unknown modes refuse their role") {
  for (const char* mode : {"sometimes", "Required", "require"}) {
    const LoadResult loaded = load_documents(
        "roles.yaml",
        role("r", "allow: {request: {roles: [a], reason: {mode: " + std::string(mode) + "}}}"));
    REQUIRE(loaded.errors.size() == 1);
    CHECK(loaded.errors[0].key_path == "spec.allow.request.reason.mode");
    CHECK(loaded.roles.empty());
  }
}
