#include "kube/resolve_resource.h"

#include <doctest/doctest.h>

namespace postern::kube {
namespace {

constexpr std::string_view kCore = R"({"kind":"APIResourceList","groupVersion":"v1","resources":[
  {"name":"pods","kind":"Pod","namespaced":true,"verbs":["create","delete","deletecollection","get","list","patch","update","watch"]},
  {"name":"pods/log","kind":"Pod","namespaced":true,"verbs":["get"]},
  {"name":"namespaces","kind":"Namespace","namespaced":false,"verbs":["create","delete","get","list","patch","update","watch"]},
  {"name":"persistentvolumes","kind":"PersistentVolume","namespaced":false,"verbs":["get","list"]},
  {"name":"nodes","kind":"Node","namespaced":false,"verbs":["get","list","watch"]}]})";

ApiCatalog catalog() {
  ApiCatalog made;
  REQUIRE(made.add_resource_list("", "v1", kCore));
  made.add_stale("broken.example.com", "v1");
  return made;
}

struct Row {
  const char* method;
  const char* target;
  Resolution expected;
  int code;
};

TEST_CASE("kinds are found by group, version and plural, in their own scope only") {
  const ApiCatalog kinds = catalog();
  const Row rows[] = {
      {"GET", "/api/v1/namespaces/dev/pods/nginx-1", Resolution::kKnown, 0},
      {"GET", "/api/v1/pods", Resolution::kKnown, 0},
      {"GET", "/api/v1/pods?watch=1", Resolution::kKnown, 0},
      {"GET", "/api/v1/namespaces/dev", Resolution::kKnown, 0},
      {"GET", "/api/v1/nodes/n1", Resolution::kKnown, 0},
      {"GET", "/api/v1/namespaces/dev/pods/nginx-1/log", Resolution::kKnown, 0},
      {"GET", "/api/v1/namespaces/dev/nodes/n1", Resolution::kWrongScope, 404},  // A34
      {"GET", "/api/v1/pods/nginx-1", Resolution::kWrongScope, 404},             // A35
      {"DELETE", "/api/v1/pods", Resolution::kWrongScope, 404},                  // I173
      {"POST", "/api/v1/pods", Resolution::kWrongScope, 404},
      // Behaviour 3.2, stricter: the scope is looked at, and nothing unknown is forwarded.
      {"GET", "/api/v1/namespaces/default/persistentvolumes/foo", Resolution::kWrongScope, 404},
      {"GET", "/api/v1/persistentvolumes/foo", Resolution::kKnown, 0},
      {"GET", "/apis/argoproj.io/v1alpha1/namespaces/team-x/applications/prod-billing",
       Resolution::kUnknown, 404},
      {"DELETE", "/api/v1/nodes/n1", Resolution::kMethodNotAllowed, 405},
      {"GET", "/api/v2/namespaces/dev/pods/nginx-1", Resolution::kUnknown, 404},  // A26
      {"GET", "/apis/e.com/v1/namespaces/dev/pods/nginx-1", Resolution::kUnknown, 404},
      {"GET", "/apis/broken.example.com/v1/things", Resolution::kStale, 503},
  };
  for (const Row& row : rows) {
    CAPTURE(row.method);
    CAPTURE(row.target);
    const auto info = parse_request_info(row.method, row.target);
    REQUIRE(info);
    const ResolvedResource resolved = resolve_resource(kinds, *info);
    CHECK(resolved.resolution == row.expected);
    CHECK((resolved.resource != nullptr) == (row.expected == Resolution::kKnown));
    if (row.code != 0) {
      CHECK(resolution_status(resolved.resolution, *info).code == row.code);
    }
  }
}

}  // namespace
}  // namespace postern::kube
