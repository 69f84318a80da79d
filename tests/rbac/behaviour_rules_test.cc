// The tables 3.4 and 3.5 of the behaviour reference as rows: single objects, and collections that
// could hold something. Where postern is stricter, or where the eras of the model differ, the row
// says so.

#include "behaviour.h"

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

#define NS "/api/v1/namespaces/"
#define RBAC "/apis/rbac.authorization.k8s.io/v1"

struct Row {
  const char* method;
  const char* target;
  std::vector<std::string> rules;  ///< v7
  const char* expected;
};

void check_allow(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    CAPTURE(row.rules.front());
    const World world(role_v7(row.rules));
    CHECK(world.verdict({row.method, row.target, nullptr, "application/merge-patch+json"}) ==
          row.expected);
  }
}

/// A question without a name, which only a review can ask for every verb.
struct Question {
  const char* verb;
  const char* resource;
  const char* space;
  std::vector<std::string> rules;  ///< v7
  bool allowed;
};

void check_question(const World& world, const Question& row) {
  CAPTURE(row.verb);
  CAPTURE(row.resource);
  CAPTURE(row.space);
  CAPTURE(row.rules.front());
  const char* group =
      std::string_view(row.resource) == "clusterroles" ? "rbac.authorization.k8s.io" : "";
  CHECK(may(world, {row.verb, group, row.resource, "", row.space, "", ""}) == row.allowed);
  // A list is a request as well, and is told the same.
  if (row.verb != std::string_view("list")) return;
  const std::string prefix = *group == '\0' ? "/api/v1/" : RBAC "/";
  const std::string inside = *row.space == '\0' ? "" : "namespaces/" + std::string(row.space) + "/";
  CHECK((world.verdict("GET", prefix + inside + row.resource) == "filter") == row.allowed);
}

const char* kPod = NS "default/pods/podname";
const char* kRole = RBAC "/clusterroles/clusterrole";
const char* kWidget = "/apis/e.com/v1/namespaces/default/widgets/name";
const std::string kThisPod = rule("pod", "default", "podname");
const std::string kNumbered = rule("pod", "defa*", "^podname-[0-9]+$");

}  // namespace

TEST_CASE("behaviour 3.4: single objects and the rules of v7") {
  check_allow({
      {"", kPod, {kThisPod}, "405"},  // no verb
      {"GET", kPod, {kThisPod}, "allow"},
      {"GET", kPod, {rule("pod", "default", "podname", "[create, get]")}, "allow"},
      {"PATCH", kPod, {rule("pod", "default", "podname", "[get, get]")}, "403"},
      {"GET", kPod, {rule("pod", "default", "podname", "[]")}, "403"},
      {"GET",
       kPod,
       {rule("pod", "other", "podname"), rule("pod", "default", "other"), kThisPod},
       "allow"},
      {"GET", NS "default-5/pods/podname-5", {kNumbered}, "allow"},
      {"GET", NS "default/pods/pod-name", {rule("pod", "default", "^pod-[0-9]+$")}, "403"},
      {"GET", kPod, {rule("secret", "default", "podname")}, "403"},
      {"GET", kRole, {cluster_rule("clusterrole", "clusterrole")}, "allow"},
      {"GET", kRole, {rule("*", "*", "*")}, "allow"},
      {"GET", kRole, {rule("*", "*", "*", "[patch]")}, "403"},
      // Implicit reading of the namespace object.
      {"GET", NS "default", {kThisPod}, "allow"},
      {"PUT", NS "default", {kThisPod}, "403"},
      // A rule of kind namespace covers what is inside, with its verbs.
      {"GET", kPod, {cluster_rule("namespace", "default", "[get]")}, "allow"},
      {"PUT", kPod, {cluster_rule("namespace", "default", "[get]")}, "403"},
      {"GET", kWidget, {cluster_rule("namespace", "default", "[get]")}, "allow"},
      {"PUT", kWidget, {cluster_rule("namespace", "default", "[get]")}, "403"},
      {"GET",
       kWidget,
       {rule("pod", "default", "name", "[get]"),
        cluster_rule("namespace", "diffnamespace", "[get]")},
       "403"},
  });
}

TEST_CASE("behaviour 3.4: what cannot mean anything is a mistake when the role is loaded") {
  for (const std::string& wrong :
       {rule("pod", "default", "^podname-[0-+$"), rule("other_type", "default", "podname")}) {
    CAPTURE(wrong);
    CHECK_FALSE(load_documents("f", role_v7({wrong})).ok());
  }
}

TEST_CASE("behaviour 3.5: collections that could hold something") {
  const std::vector<Question> rows = {
      {"get", "pods", "default", {kThisPod}, true},
      {"get", "pods", "kube-system", {kThisPod}, false},
      {"get", "pods", "default", {rule("pod", "default", "podname", "[create, get]")}, true},
      {"patch", "pods", "default", {rule("pod", "default", "podname", "[get, get]")}, false},
      {"get",
       "pods",
       "default",
       {rule("pod", "other", "podname"), rule("pod", "other2", "podname"), kThisPod},
       true},
      {"get", "pods", "default-5", {kNumbered}, true},
      {"get", "pods", "default", {rule("pod", "default2", "podname")}, false},
      {"list", "pods", "", {kThisPod}, true},
      {"get", "pods", "default", {rule("secret", "default", "podname")}, false},
      {"get", "clusterroles", "", {cluster_rule("clusterrole", "clusterrole")}, true},
      {"list", "clusterroles", "", {cluster_rule("clusterrole", "clusterrole")}, true},
      {"get", "clusterroles", "", {rule("*", "*", "*")}, true},
      {"get", "clusterroles", "", {rule("*", "*", "clusterrole", "[patch]")}, false},
      {"get", "namespaces", "", {kThisPod}, true},
      {"list", "namespaces", "", {kThisPod}, true},
      {"update", "namespaces", "", {kThisPod}, false},
      {"get", "pods", "default", {cluster_rule("namespace", "default", "[get]")}, true},
      {"list", "pods", "default", {cluster_rule("namespace", "default", "[list]")}, true},
      {"list", "pods", "default2", {cluster_rule("namespace", "default", "[list]")}, false},
      {"list", "pods", "", {cluster_rule("namespace", "default", "[list]")}, true},
      // Nothing that is called is no verb.
      {"", "pods", "default", {kThisPod}, false},
  };
  for (const Question& row : rows) check_question(World(role_v7(row.rules)), row);
}

TEST_CASE("behaviour 3.5: collections that a deny takes wholly") {
  const std::vector<Question> rows = {
      {"get", "pods", "default-5", {kNumbered}, true},
      {"list", "pods", "default-5", {kNumbered}, true},
      {"get", "pods", "default-5", {rule("pod", "defa*", "*")}, false},
      {"list", "pods", "default-5", {rule("pod", "defa*", "*")}, false},
      {"list", "pods", "", {kThisPod}, true},
      {"list", "pods", "", {rule("pod", "default", "*")}, true},
      {"get", "pods", "default", {rule("secret", "*", "*")}, true},
      {"get", "clusterroles", "", {rule("*", "*", "*")}, false},
      {"list", "clusterroles", "", {rule("*", "*", "*")}, false},
      {"get", "clusterroles", "", {rule("*", "*", "s*")}, true},
      {"list", "clusterroles", "", {rule("*", "*", "s*")}, true},
      {"get", "namespaces", "", {kThisPod}, true},
      // In the first era a deny on what is inside hid the namespace object; later it does not.
      {"get", "namespaces", "", {rule("pod", "*", "*")}, true},
      {"list", "namespaces", "", {rule("pod", "*", "*")}, true},
      {"list", "pods", "default", {cluster_rule("namespace", "default", "[list]")}, false},
      {"list", "pods", "default2", {cluster_rule("namespace", "default", "[list]")}, true},
      {"list", "pods", "", {cluster_rule("namespace", "default", "[list]")}, true},
      {"list", "pods", "", {cluster_rule("namespace", "*", "[list]")}, false},
  };
  for (const Question& row : rows) check_question(all_but(row.rules), row);
}

TEST_CASE("behaviour 3.5: a question with a name is about that object") {
  const World world(role_v7({kThisPod}));
  CHECK(may(world, {"get", "", "pods", "", "default", "podname", ""}));
  CHECK_FALSE(may(world, {"get", "", "pods", "", "default", "other", ""}));
  CHECK(world.verdict("GET", NS "default/pods?fieldSelector=metadata.name%3Dpodname") == "filter");
  CHECK(world.verdict("GET", NS "default/pods?fieldSelector=metadata.name%3Dother") == "403");
}
