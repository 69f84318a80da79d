// The tables 3.7 to 3.9 of the behaviour reference as rows: decisions and the real body filters
// together. What a filter does with bodies that are odd is in tests/kube/filter; compression, and
// all of it through a real API server, in tests/e2e/test_behaviour_rows.py.

#include "behaviour.h"
#include "kube/filter/filter.h"

#include <numeric>

using namespace postern;
using namespace postern::rbac;
using namespace postern::rbac::test;

namespace {

using Maker = std::unique_ptr<kube::filter::BodyFilter> (*)(kube::filter::FilterOptions,
                                                            kube::filter::Predicate&);

/// What is left of the API server's answer; the answer's code when it is not asked at all.
std::string through(const World& world, std::string_view target, Maker make,
                    std::string_view body) {
  const Decision decision = world.ask("GET", target);
  if (decision.verdict != Verdict::kAllowFiltered) return std::to_string(decision.status.code);
  std::vector<std::size_t> shares(decision.shares.size());
  std::iota(shares.begin(), shares.end(), std::size_t{0});
  const auto predicate = make_predicate(decision, shares, catalog());
  const auto filter = make({}, *predicate);
  std::string out;
  REQUIRE(filter->feed(body, out));
  REQUIRE(filter->finish(out));
  return out;
}

std::string listed(const World& world, std::string_view target, std::string_view body) {
  return through(world, target, kube::filter::make_json_list_filter, body);
}

struct Object {
  const char* name;
  const char* space;
};

std::string metadata_of(const Object& object) {
  return R"("metadata":{"name":")" + std::string(object.name) + R"(","namespace":")" +
         object.space + R"(","uid":"u","labels":{"name":"x"}})";
}

enum class Form { kList, kTable, kTableOfObjects };
constexpr Form kForms[] = {Form::kList, Form::kTable, Form::kTableOfObjects};

/// An answer of the API server in one of its forms.
std::string answer(Form form, const std::string& kind, const std::vector<Object>& objects) {
  std::string elements;
  for (const Object& object : objects) {
    const std::string whole =
        "{" + metadata_of(object) + R"(,"spec":{"a":[1,{"b":null}]},"status":{"phase":"Running"}})";
    const std::string partial =
        R"({"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1",)" + metadata_of(object) +
        "}";
    elements += elements.empty() ? "" : ",";
    elements += form == Form::kList
                    ? whole
                    : R"({"cells":[")" + std::string(object.name) + R"(","1d"],"object":)" +
                          (form == Form::kTable ? partial : whole) + "}";
  }
  const std::string metadata = R"("metadata":{"resourceVersion":"17"},)";
  if (form == Form::kList) {
    return R"({"kind":")" + kind + R"(List","apiVersion":"v1",)" + metadata + R"("items":[)" +
           elements + "]}\n";
  }
  return R"({"kind":"Table","apiVersion":"meta.k8s.io/v1",)" + metadata +
         R"("columnDefinitions":[{"name":"Name","type":"string"},{"name":"Age"}],"rows":[)" +
         elements + "]}\n";
}

const kube::ApiResource& served(const char* group, const char* plural) {
  const kube::ApiResource* found = find_kind(group, plural);
  REQUIRE(found != nullptr);
  return *found;
}

std::string collection(const kube::ApiResource& kind) {
  return (kind.group.empty() ? "/api/" : "/apis/" + kind.group + "/") + kind.version + "/" +
         kind.resource;
}

}  // namespace

TEST_CASE("behaviour 3.7: namespaced kinds in three forms are cut down to one namespace") {
  struct Kind {
    const char* group;
    const char* plural;
  };
  const char* rbac_group = "rbac.authorization.k8s.io";
  const std::vector<Kind> all = {{"", "pods"},
                                 {"", "secrets"},
                                 {"", "configmaps"},
                                 {"", "services"},
                                 {"", "endpoints"},
                                 {"", "serviceaccounts"},
                                 {"", "persistentvolumeclaims"},
                                 {"apps", "deployments"},
                                 {"apps", "replicasets"},
                                 {"apps", "statefulsets"},
                                 {"apps", "daemonsets"},
                                 {rbac_group, "roles"},
                                 {rbac_group, "rolebindings"},
                                 {"batch", "cronjobs"},
                                 {"batch", "jobs"},
                                 {"networking.k8s.io", "ingresses"}};
  for (const Kind& one : all) {
    const kube::ApiResource& kind = served(one.group, one.plural);
    const World world(role_v8({group_rule(one.plural, one.group, "default", "*")}));
    for (const Form form : kForms) {
      CAPTURE(one.plural);
      CAPTURE(static_cast<int>(form));
      const std::string whole = answer(form, kind.kind,
                                       {{"nginx-1", "default"},
                                        {"nginx-1", "dev"},
                                        {"nginx-2", "default"},
                                        {"default", "dev"},
                                        {"test", "default"},
                                        {"nginx-2", "default-2"}});
      CHECK(listed(world, collection(kind), whole) ==
            answer(form, kind.kind,
                   {{"nginx-1", "default"}, {"nginx-2", "default"}, {"test", "default"}}));
    }
  }
}

TEST_CASE("behaviour 3.7: round trips, by namespace, by name, all, none and one") {
  const std::vector<Object> objects = {{"nginx", "default"},
                                       {"redis", "kube-system"},
                                       {"postgres", "default"},
                                       {"etcd", "kube-system"}};
  struct Row {
    std::string rule;
    std::vector<Object> kept;
  };
  const std::vector<Row> rows = {
      {rule("pods", "default", "*"), {{"nginx", "default"}, {"postgres", "default"}}},
      {rule("pods", "*", "*"), objects},
      {rule("pods", "*", "nginx"), {{"nginx", "default"}}},
      {rule("pods", "kube-*", "^(redis|etcd)$"),
       {{"redis", "kube-system"}, {"etcd", "kube-system"}}},
      {rule("pods", "default", "redis"), {}},
      {rule("pods", "other", "*"), {}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.rule);
    for (const Form form : kForms) {
      const World world(role_v8({row.rule}));
      CHECK(listed(world, "/api/v1/pods", answer(form, "Pod", objects)) ==
            answer(form, "Pod", row.kept));
      CHECK(listed(world, "/api/v1/pods", answer(form, "Pod", {})) == answer(form, "Pod", {}));
    }
  }
}

TEST_CASE("behaviour 3.7: rules that cannot match are known before anything is asked") {
  const auto list = [](const std::string& one) {
    return World(role_v8({one})).verdict("GET", "/api/v1/namespaces/default/pods");
  };
  CHECK(list(rule("secrets", "default", "*")) == "403");
  CHECK(list(rule("pods", "default", "*", "[get]")) == "403");
  CHECK(list(rule("pods", "default", "*", "[]")) == "403");
  CHECK(list(group_rule("pods", "e.com", "default", "*")) == "403");
  CHECK(list(group_rule("pods", "^e.com|f.com$", "default", "*")) == "403");
  CHECK(list(rule("pods", "other", "*")) == "403");
  CHECK(list(rule("pods", "kube-*", "*")) == "403");
  CHECK(list(rule("pods", "def*", "*")) == "filter");
  CHECK(list(rule("pods", "^def.*$", "*")) == "filter");
  CHECK(list(rule("pods", "default", "no-such-name")) == "filter");
  // In every namespace, a rule for some of them is kept.
  CHECK(World(role_v8({rule("pods", "kube-*", "*")})).verdict("GET", "/api/v1/pods") == "filter");
  // Stricter: these are mistakes when the role is loaded, and there is no slower matcher for them.
  for (const std::string& wrong :
       {rule("pods", "default", "*", "[get, '*']"), rule("pods", "default", "^[$"),
        rule("pods", "", "*"), rule("pods", "default", "")}) {
    CAPTURE(wrong);
    CHECK_FALSE(load_documents("f", role_v8({wrong})).ok());
  }
}

TEST_CASE("behaviour 3.8: watches") {
  const auto event = [](const char* type, const Object& object) {
    return R"({"type":")" + std::string(type) + R"(","object":{"kind":"Pod","apiVersion":"v1",)" +
           metadata_of(object) + "}}\n";
  };
  const std::string in_dev = event("ADDED", {"podAdded", "dev"});
  const std::string modified = event("MODIFIED", {"podAdded", "default"});
  const std::string other = event("MODIFIED", {"otherPod", "default"});
  const std::string refused =
      R"({"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},)"
      R"("status":"Failure",)";
  const std::string rest = R"("reason":"Forbidden","code":403}})"
                           "\n";
  const auto watch = [&](const World& world, const std::string& last) {
    return through(world, "/api/v1/pods?watch=true", kube::filter::make_json_watch_filter,
                   in_dev + modified + other + last);
  };
  CHECK(watch(World(role_v7({rule("pod", "*", "*")})), "") == in_dev + modified + other);
  CHECK(watch(World(role_v7({rule("pod", "default", "*")})), "") == modified + other);
  CHECK(watch(World(role_v7({rule("pod", "default", "*")}, {rule("pod", "default", "otherPod")})),
              "") == modified);
  // An error reaches everybody; its text, which may name an object, does not.
  const World nothing(role_v7({rule("pod", "default", "rand*")}));
  CHECK(watch(nothing, "") == "");
  CHECK(watch(nothing, refused + R"("message":"dev/podAdded is not for you",)" + rest) ==
        refused + R"("message":"the API server ended the watch with an error",)" + rest);
  // Tables are watched as well.
  const auto row = [](const char* type, const Object& object) {
    std::string table = answer(Form::kTable, "Pod", {object});
    table.pop_back();
    return R"({"type":")" + std::string(type) + R"(","object":)" + table + "}\n";
  };
  const std::string visible = row("MODIFIED", {"podAdded", "default"});
  CHECK(through(World(role_v7({rule("pod", "default", "*")})), "/api/v1/pods?watch=true",
                kube::filter::make_json_watch_filter,
                row("ADDED", {"podAdded", "dev"}) + visible) == visible);
}

TEST_CASE("behaviour 3.9: what a deletecollection takes") {
  const std::vector<std::string> pods = {"default/nginx-1", "default/nginx-2", "default/test",
                                         "dev/nginx-1", "dev/nginx-2"};
  const std::vector<std::string> widgets = {"default/telerole-1", "default/telerole-1",
                                            "default/telerole-2", "default/telerole-test",
                                            "dev/telerole-1"};
  struct Row {
    std::string role;
    const char* space;
    const char* taken;
  };
  const char* all_pods = "default/nginx-1 default/nginx-2 default/test";
  for (const Row& row : {
           Row{role_v7({rule("pod", "*", "*")}), "default", all_pods},
           Row{role_v7({rule("pod", "default", "*")}), "default", all_pods},
           Row{role_v7({rule("pod", "default", "*")}), "dev", "403"},
           Row{role_v7({rule("pod", "default", "nginx-*")}), "default",
               "default/nginx-1 default/nginx-2"},
           Row{role_v7({rule("pod", "default", "*", "[get, list, watch]")}), "default", "403"},
       }) {
    CAPTURE(row.role);
    CHECK(World(row.role).seen("/api/v1/namespaces/" + std::string(row.space) + "/pods",
                               in(row.space, pods), "DELETE") == row.taken);
  }
  const char* all_widgets =
      "default/telerole-1 default/telerole-1 default/telerole-2 default/telerole-test";
  for (const Row& row : {
           Row{role_v8({kEverything}), "default", all_widgets},
           Row{role_v8({group_rule("*", "*", "default", "*")}), "default", all_widgets},
           Row{role_v8({group_rule("*", "*", "default", "*")}), "dev", "403"},
           Row{role_v8({group_rule("widgets", "e.com", "default", "*-test")}), "default",
               "default/telerole-test"},
       }) {
    CAPTURE(row.role);
    CHECK(World(row.role).seen("/apis/e.com/v1/namespaces/" + std::string(row.space) + "/widgets",
                               in(row.space, widgets), "DELETE") == row.taken);
  }
}
