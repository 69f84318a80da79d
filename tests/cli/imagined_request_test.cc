#include "cli/imagined_request.h"

#include "cli/builtin_kinds.h"

#include <doctest/doctest.h>
#include <string>

namespace postern::cli {
namespace {

Question question(const std::string& verb, const std::string& kind, const std::string& name,
                  const std::string& namespace_, const std::string& subresource = "") {
  const auto found = find_builtin_kind(kind, false);
  REQUIRE(found);
  return {verb, found->resource, name, namespace_, subresource};
}

TEST_CASE("the requests that kubectl would send") {
  struct Row {
    const char* verb;
    const char* kind;
    const char* name;
    const char* namespace_;
    const char* subresource;
    const char* request;
  };
  const Row rows[] = {
      {"get", "pods", "web-0", "dev", "", "GET /api/v1/namespaces/dev/pods/web-0"},
      {"get", "pods", "web-0", "dev", "log", "GET /api/v1/namespaces/dev/pods/web-0/log"},
      {"list", "pods", "", "dev", "", "GET /api/v1/namespaces/dev/pods"},
      {"list", "pods", "", "", "", "GET /api/v1/pods"},
      {"list", "pods", "web-0", "dev", "",
       "GET /api/v1/namespaces/dev/pods?fieldSelector=metadata.name%3Dweb-0"},
      {"watch", "deployments", "", "dev", "",
       "GET /apis/apps/v1/namespaces/dev/deployments?watch=true"},
      {"watch", "deploy", "web", "dev", "",
       "GET /apis/apps/v1/namespaces/dev/deployments?watch=true&fieldSelector=metadata.name%3Dweb"},
      {"create", "secrets", "s", "dev", "", "POST /api/v1/namespaces/dev/secrets"},
      {"create", "pods", "web-0", "dev", "eviction",
       "POST /api/v1/namespaces/dev/pods/web-0/eviction"},
      {"exec", "pods", "web-0", "dev", "", "POST /api/v1/namespaces/dev/pods/web-0/exec"},
      {"portforward", "po", "web-0", "dev", "",
       "POST /api/v1/namespaces/dev/pods/web-0/portforward"},
      {"update", "ingresses", "i", "dev", "",
       "PUT /apis/networking.k8s.io/v1/namespaces/dev/ingresses/i"},
      {"patch", "nodes", "n1", "", "", "PATCH /api/v1/nodes/n1"},
      {"delete", "namespaces", "dev", "", "", "DELETE /api/v1/namespaces/dev"},
      {"deletecollection", "pods", "", "dev", "", "DELETE /api/v1/namespaces/dev/pods"},
      {"get", "widgets.example.com", "w1", "dev", "",
       "GET /apis/example.com/v1/namespaces/dev/widgets/w1"},
  };
  for (const Row& row : rows) {
    CAPTURE(std::string(row.request));
    const auto request =
        imagine_request(question(row.verb, row.kind, row.name, row.namespace_, row.subresource));
    REQUIRE(request);
    CHECK(request->method + " " + request->target == row.request);
    const bool rule_verb = request->info.verb == "create";
    CHECK((request->info.verb == row.verb || rule_verb));
    const bool has_body = request->method[0] == 'P';
    REQUIRE(request->facts.has_value() == has_body);
    if (has_body) CHECK(request->facts->name == row.name);
  }
}

TEST_CASE("questions that are none") {
  const auto problem = [](const Question& asked) {
    const auto request = imagine_request(asked);
    REQUIRE_FALSE(request);
    return request.error();
  };
  CHECK(problem(question("use", "pods", "x", "dev")) == "unknown verb use");
  CHECK(problem(question("get", "pods", "", "dev")) == "get needs a name: pods/NAME");
  CHECK(problem(question("get", "pods", "x", "")) == "get needs a namespace (-n)");
  CHECK(problem(question("create", "pods", "", "dev")) ==
        "what may be created is decided by its name: pods/NAME");
  CHECK(problem(question("deletecollection", "pods", "x", "dev")) ==
        "deletecollection takes no name");
  CHECK(problem(question("get", "nodes", "n1", "dev")) ==
        "nodes are not in namespaces; leave -n out");
  CHECK(problem(question("list", "pods", "", "dev", "log")) == "list needs a name: pods/NAME");
  CHECK_FALSE(imagine_request(question("get", "pods", "..", "dev")));
  CHECK_FALSE(imagine_request(question("get", "pods", "a/b", "dev")));
  CHECK_FALSE(imagine_request(question("get", "pods", "x", "dev\n")));
}

}  // namespace
}  // namespace postern::cli
