#include "tests/rbac/request/asking.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::request;

TEST_CASE("create: what is written wrongly, with its field") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-all", "asks"});
  struct Row {
    NewRequest asked;
    std::string field;
    std::string type;
    std::string message;
  };
  const auto with = [](NewRequest asked, auto change) {
    change(asked);
    return asked;
  };
  const std::string kPod = "/mycluster/pod/k/dev/a";
  for (const Row& row : std::vector<Row>{
           {for_ids({}), "spec.resources", "FieldValueRequired", "names resources, roles or both"},
           {for_ids({"pod/x"}), "spec.resources[0]", "FieldValueInvalid", "begin with /"},
           {for_ids({kPod, "/mycluster/po/k/dev/a"}), "spec.resources[1]", "FieldValueInvalid",
            "unknown kind"},
           {for_ids({"/mycluster/pods/k/dev/a"}), "spec.resources[0]", "FieldValueInvalid",
            "unknown kind"},
           {for_ids({"/mycluster/Pod/k/dev/a"}), "spec.resources[0]", "FieldValueInvalid",
            "unknown kind"},
           {for_ids({"/mycluster/pod/k/dev/^($"}), "spec.resources[0]", "FieldValueInvalid",
            "does not compile"},
           {for_ids({"/mycluster/pod/k/dev/" + std::string(254, 'a')}), "spec.resources[0]",
            "FieldValueInvalid", "longer than 253"},
           {for_ids({"/mycluster/pod/k/dev/\x1b[31m"}), "spec.resources[0]", "FieldValueInvalid",
            "\\x1b[31m"},
           {for_ids({"/other/pod/k/dev/a"}), "spec.resources[0]", "FieldValueNotFound",
            "no cluster \"other\""},
           {for_ids({"/mycluster/pod/q/dev/a"}), "spec.resources[0]", "FieldValueNotFound",
            "no kube cluster \"q\""},
           {for_ids({"/mycluster/kube_cluster/q"}), "spec.resources[0]", "FieldValueNotFound",
            "no kube cluster \"q\""},
           {for_ids({"/mycluster/gadgets.e.com/k/dev/a"}), "spec.resources[0]",
            "FieldValueNotFound", "serves no such kind"},
           {for_ids({"/mycluster/ingress/k/dev/a"}), "spec.resources[0]", "FieldValueNotFound",
            "serves no such kind"},
           {for_ids({"/mycluster/zones.e.com/k/dev/a"}), "spec.resources[0]", "FieldValueNotFound",
            "in no namespace"},
           {for_ids({"/mycluster/widgets.e.com/k/a"}), "spec.resources[0]", "FieldValueNotFound",
            "are in namespaces"},
           {for_ids({"/mycluster/accessrequests.access.postern.dev/k/a"}), "spec.resources[0]",
            "FieldValueNotFound", "access.postern.dev"},
           {for_ids({"/mycluster/node/n1"}), "spec.resources[0]", "FieldValueInvalid",
            "this installation has no inventory of the kind node"},
           {for_ids({"/mycluster/db/main"}), "spec.resources[0]", "FieldValueInvalid",
            "no inventory of the kind db"},
           {for_ids({"/mycluster/app/grafana"}), "spec.resources[0]", "FieldValueInvalid",
            "no inventory of the kind app"},
           {for_ids({"/mycluster/windows_desktop/w"}), "spec.resources[0]", "FieldValueInvalid",
            "no inventory of the kind windows_desktop"},
           {with(for_ids({kPod}), [](auto& r) { r.reason = std::string(4097, 'r'); }),
            "spec.reason", "FieldValueTooLong", "4096 bytes"},
           {with(for_ids({kPod}), [](auto& r) { r.reason = "a\nb"; }), "spec.reason",
            "FieldValueInvalid", "control characters"},
           {with(for_ids({kPod}), [](auto& r) { r.reason = "a\u202eb"; }), "spec.reason",
            "FieldValueInvalid", "control characters"},
           {with(for_ids({kPod}),
                 [](auto& r) {
                   r.suggested_reviewers = {"bob", " "};
                 }),
            "spec.suggestedReviewers[1]", "FieldValueRequired", "name is missing"},
           {with(for_ids({kPod}), [](auto& r) { r.suggested_reviewers = {"b\tb"}; }),
            "spec.suggestedReviewers[0]", "FieldValueInvalid", "control characters"},
           {with(for_ids({kPod}), [](auto& r) { r.suggested_reviewers.assign(101, "bob"); }),
            "spec.suggestedReviewers", "FieldValueTooMany", "at most 100"},
           {for_roles({std::string(254, 'r')}), "spec.roles[0]", "FieldValueTooLong", "253"},
           {for_roles(std::vector<std::string>(101, "pods")), "spec.roles", "FieldValueTooMany",
            "at most 100"},
       }) {
    const auto request = create_as(directory, alice, row.asked);
    INFO(row.field << " " << row.message);
    REQUIRE(!request.has_value());
    CHECK(request.error().code == 422);
    CHECK(request.error().reason == "Invalid");
    REQUIRE(request.error().causes.size() == 1);
    CHECK(request.error().causes[0].field == row.field);
    CHECK(request.error().causes[0].type == row.type);
    CHECK_HAS(request.error().causes[0].message, row.message);
    CHECK(request.error().details_kind == "AccessRequest");
    CHECK(request.error().message.find('\x1b') == std::string::npos);
  }
  // All at once.
  NewRequest bad = for_ids({"x", "y"});
  bad.reason = "\x01";
  CHECK(create_as(directory, alice, bad).error().causes.size() == 3);
  CHECK_HAS(create_as(directory, alice, bad).error().message,
            "AccessRequest.access.postern.dev \"r-1\" is invalid: [spec.reason: Invalid value: ");
}

TEST_CASE("behaviour 3.12 size: repeated IDs count once; 2048 bytes, 300 IDs") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-all"});
  const std::string a = "/mycluster/pod/k/dev/a";
  const std::string b = "/mycluster/pod/k/dev/b";
  const auto made = create_as(directory, alice, for_ids({b, a, b}));
  REQUIRE_MESSAGE(made.has_value(), said(made));
  REQUIRE(made->spec.resource_ids.size() == 2);  // each once, in the order of their first
  CHECK(made->spec.resource_ids[0].str() == b);
  CHECK(made->spec.resource_ids[1].str() == a);

  std::vector<std::string> ids;
  for (int i = 0; i < 200; ++i) {
    ids.push_back("/mycluster/pod/k/dev/pod-" + std::to_string(i));
  }
  CHECK_HAS(said(create_as(directory, alice, for_ids(ids))), "may not be more than 2048 bytes");
  ids.resize(70);
  CHECK(said(create_as(directory, alice, for_ids(ids))) == "ok");
  std::vector<std::string> same(2'600, a);  // counts once
  CHECK(said(create_as(directory, alice, for_ids(same))) == "ok");
  for (int i = 0; i < 301; ++i) {
    same.push_back("/c/pod/k/d/" + std::to_string(i));
  }
  CHECK_HAS(said(create_as(directory, alice, for_ids(same))),
            "Too many: 302: must have at most 300");
  CHECK_HAS(said(create_as(directory, alice, for_ids(std::vector<std::string>(3'001, a)))),
            "Too many: 3001: must have at most 300");  // but somewhere repeating ends
  CHECK(said(create_as(directory, alice, for_ids({a}), {.reason_bytes = 0})) == "ok");
}

TEST_CASE("behaviour 3.12 clusters: all of ours, and none beside them") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-all"});
  const auto ask = [&](std::vector<std::string> ids) {
    return create_as(directory, alice, for_ids(std::move(ids)));
  };
  const std::string own = "/mycluster/pod/k/dev/a";
  CHECK(said(ask({own})) == "ok");
  CHECK(said(ask({"/mycluster/pod/prod/dev/a"})) == "ok");
  CHECK(said(ask({own, "/mycluster/pod/prod/dev/a", "/mycluster/kube_cluster/a/b"})) == "ok");
  // Every unknown one is named, at its place.
  const auto unknown = ask({own, "/leaf/pod/k/dev/a", "/mycluster/pod/q/dev/a", "/root/node/n"});
  REQUIRE(!unknown.has_value());
  REQUIRE(unknown.error().causes.size() == 3);
  const char* const faults[][2] = {{"spec.resources[1]", "there is no cluster \"leaf\""},
                                   {"spec.resources[2]", "there is no kube cluster \"q\""},
                                   {"spec.resources[3]", "there is no cluster \"root\""}};
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(unknown.error().causes[i].field == faults[i][0]);
    CHECK(unknown.error().causes[i].type == "FieldValueNotFound");
    CHECK_HAS(unknown.error().causes[i].message, faults[i][1]);
  }
}

TEST_CASE("create: what one may not know of is what does not exist") {
  const Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-more"});  // env=prod by secrets
  const Person widget = person_of(directory, "wally", {"widgets"});   // env=dev alone
  const auto unknown = create_as(directory, widget, for_ids({"/mycluster/pod/nope/dev/a"}));
  const auto hidden = create_as(directory, widget, for_ids({"/mycluster/pod/prod/dev/a"}));
  std::string message = hidden.error().message;
  for (std::size_t at = 0; (at = message.find("prod")) != std::string::npos;) {
    message.replace(at, 4, "nope");
  }
  CHECK(message == unknown.error().message);
  CHECK(hidden.error().code == unknown.error().code);
  CHECK_HAS(said(create_as(directory, alice, for_ids({"/mycluster/pod/prod/x/nginx"}))), "ok");
}

TEST_CASE("create: a cluster that has not been reached") {
  Directory directory = directory_of(kRoles);
  const Person alice = person_of(directory, "alice", {"seek-all", "asks"});
  directory.kube_clusters["k"].catalog = nullptr;
  CHECK_HAS(said(create_as(directory, alice, for_ids({"/mycluster/pod/k/dev/a"}))), "503");
  CHECK(said(create_as(directory, alice, for_ids({"/mycluster/pod/prod/dev/a"}))) == "ok");
  directory.kube_clusters["prod"].uid = "";
  CHECK_HAS(said(create_as(directory, alice, for_ids({"/mycluster/pod/prod/dev/a"}))), "503");
  CHECK_HAS(said(create_as(directory, alice, for_roles({"pods"}))), "503");
}
