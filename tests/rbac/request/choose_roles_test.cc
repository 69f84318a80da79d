#include "tests/rbac/request/asking.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

TEST_CASE("behaviour 3.12 roles for resources: search roles, pruned to what the IDs need") {
  const Directory directory = directory_of(kRoles);
  struct Row {
    std::vector<std::string> held;
    std::vector<std::string> ids;
    std::vector<std::string> asked;
    std::string want;  ///< roles, or a part of the refusal
  };
  for (const Row& row : std::vector<Row>{
           {{"seek-pods"}, {"/mycluster/pod/k/dev/web-1"}, {}, "pods"},
           {{"seek-pods"}, {"/mycluster/pod/k/dev/web-*"}, {}, "pods"},
           {{"seek-pods"}, {"/mycluster/pod/k/prod/web-1"}, {}, "no role that you may request"},
           {{"seek-pods"}, {"/mycluster/pod/k/*/web-1"}, {}, "no role that you may request"},
           {{"seek-pods"}, {"/mycluster/namespace/k/dev"}, {}, "pods"},
           {{"seek-pods"}, {"/mycluster/namespace/k/prod"}, {}, "no role that you may request"},
           {{"seek-pods"}, {"/mycluster/kube_cluster/k"}, {}, "pods"},
           // Two teams: the union, each where it reaches something.
           {{"seek-pods", "seek-more"}, {"/mycluster/pod/k/dev/nginx-1"}, {}, "nginx pods spaces"},
           {{"seek-pods", "seek-more"}, {"/mycluster/pod/k/dev/web-1"}, {}, "pods spaces"},
           {{"seek-pods", "seek-more"},
            {"/mycluster/pod/prod/dev/web-1"},
            {},
            "pods"},  // spaces is for env=dev
           {{"seek-pods", "seek-more"},
            {"/mycluster/pod/prod/dev/web-1", "/mycluster/secret/prod/x/s"},
            {},
            "pods secrets"},
           {{"seek-pods", "seek-more"},
            {"/mycluster/pod/k/dev/web-1", "/mycluster/secret/k/x/s"},
            {},
            "reaches \"/mycluster/secret/k/x/s\""},  // one that nobody reaches refuses it all
           // Patterns are compared as texts.
           {{"seek-more"}, {"/mycluster/pod/k/x/nginx-*"}, {}, "nginx"},
           {{"seek-more"}, {"/mycluster/pod/k/x/nginx-1"}, {}, "nginx"},
           {{"seek-more"}, {"/mycluster/pod/k/x/*"}, {}, "no role that you may request"},
           {{"seek-more"}, {"/mycluster/pod/k/x/^n.*$"}, {}, "no role that you may request"},
           {{"seek-more"}, {"/mycluster/pod/k/x/web"}, {}, "perhaps you have access already"},
           // Custom resources; a kube cluster's name with a slash.
           {{"seek-more"}, {"/mycluster/widgets.e.com/k/x/w1"}, {}, "widgets"},
           {{"seek-more"}, {"/mycluster/widgets.e.com/a/b/x/w1"}, {}, "widgets"},
           {{"seek-more"}, {"/mycluster/widgets.e.com/k/dev/w1"}, {}, "spaces widgets"},
           {{"seek-more"}, {"/mycluster/zones.e.com/k/z1"}, {}, "widgets"},
           {{"seek-more"}, {"/mycluster/zones.e.com/k/a1"}, {}, "no role that you may request"},
           {{"seek-all"}, {"/mycluster/zones.e.com/k/a1"}, {}, "all"},
           {{"seek-all"}, {"/mycluster/kube_node/k/n1", "/mycluster/namespace/k/dev"}, {}, "all"},
           {{"seek-pods"}, {"/mycluster/kube_node/k/n1"}, {}, "no role that you may request"},
           // Explicit roles: only search roles, and all of them stay.
           {{"seek-pods", "seek-more"},
            {"/mycluster/pod/k/dev/nginx-1"},
            {"secrets", "nginx"},
            "nginx secrets"},
           {{"seek-pods"}, {"/mycluster/pod/k/dev/a"}, {"pods", "all"}, "with the role \"all\""},
           {{"seek-pods"}, {"/mycluster/pod/k/dev/a"}, {"*"}, "with the role \"*\""},
           {{"seek-pods"}, {"/mycluster/pod/k/dev/a"}, {"no-such"}, "with the role \"no-such\""},
           // Denies.
           {{"seek-pods", "no-pods", "pods"}, {"/mycluster/pod/k/dev/a"}, {}, "(search_as_roles)"},
           {{"seek-pods", "no-pods-role", "pods"},
            {"/mycluster/pod/k/dev/a"},
            {},
            "(search_as_roles)"},
           {{"seek-pods", "no-pods"},
            {"/mycluster/pod/k/dev/a"},
            {},
            "there is no kube cluster \"k\""},  // no role of theirs matches it
           {{"seek-pods", "no-pods", "seek-all"}, {"/mycluster/pod/k/dev/a"}, {}, "all"},
           // A role for requests of roles is not one for resources.
           {{"asks"}, {"/mycluster/pod/k/dev/a"}, {}, "there is no kube cluster \"k\""},
           {{"asks", "pods"}, {"/mycluster/pod/k/dev/a"}, {}, "(search_as_roles)"},
       }) {
    const Person alice = person_of(directory, "alice", row.held);
    const auto request = create_as(directory, alice, for_ids(row.ids, row.asked));
    const std::string got = roles_of(request);
    INFO(row.ids.front());
    CHECK_HAS(got, row.want);
    CHECK((request.has_value() ? got == row.want : request.error().code >= 400));
  }
}

TEST_CASE("behaviour 2.2 create: requests for roles as a whole") {
  const Directory directory = directory_of(kRoles);
  struct Row {
    std::vector<std::string> held;
    std::vector<std::string> asked;
    std::string want;
  };
  for (const Row& row : std::vector<Row>{
           {{"asks"}, {"pods"}, "pods"},
           {{"asks"}, {"secrets", "pods", "pods"}, "pods secrets"},
           {{"asks"}, {"all"}, "you cannot request the role \"all\""},
           {{"asks"}, {"sect"}, "you cannot request the role \"sect\""},  // allowed, not there
           {{"asks"}, {"*"}, "pods secrets"},
           {{"asks", "pods"}, {"*"}, "secrets"},
           {{"asks", "pods"}, {"pods"}, "pods"},
           {{"asks"}, {"*", "pods"}, "you cannot request the role \"*\""},
           {{"asks", "no-pods-role"}, {"pods"}, "you cannot request the role \"pods\""},
           {{"asks", "no-pods-role"}, {"*"}, "secrets"},
           {{"nothing"}, {"*"}, "there is no role that you may request"},
           {{"asks-own"}, {"pods"}, "you cannot request"},
           {{"seek-pods"}, {"pods"}, "you cannot request"},  // only with resource IDs
           {{}, {"pods"}, "you cannot request"},
       }) {
    const Person alice = person_of(directory, "alice", row.held);
    const auto request = create_as(directory, alice, for_roles(row.asked));
    CHECK_HAS(roles_of(request), row.want);
    CHECK((request.has_value() ? roles_of(request) == row.want : request.error().code == 403));
  }
  const Person owner = person_of(directory, "alice", {"asks-own"}, {{"own", {"pods", "a*"}}});
  CHECK(roles_of(create_as(directory, owner, for_roles({"pods"}))) == "pods");
  CHECK_HAS(roles_of(create_as(directory, owner, for_roles({"all"}))), "you cannot request");
  // A role that does not exist is refused in the words for one that may not be requested.
  const Person alice = person_of(directory, "alice", {"asks"});
  auto unknown = create_as(directory, alice, for_roles({"nosuch"})).error().message;
  auto other = create_as(directory, alice, for_roles({"widgets"})).error().message;
  other.replace(other.find("widgets"), 7, "nosuch");
  CHECK(unknown == other);
}
