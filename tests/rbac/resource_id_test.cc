#include "rbac/resource_id.h"

#include <doctest/doctest.h>
#include <string>

using namespace postern::rbac;

namespace {

/// The parts of an ID in one line, or "error".
std::string parts(std::string_view text) {
  const auto id = ResourceId::parse(text);
  if (!id) return "error";
  CHECK(id->str() == text);
  CHECK(ResourceId::parse(id->str()).value() == *id);
  switch (id->scope()) {
    case ResourceId::Scope::kOther:
      return id->kind() + " name=" + id->name_pattern().text();
    case ResourceId::Scope::kKubeCluster:
      return "cluster " + id->kube_cluster();
    case ResourceId::Scope::kClusterScoped:
      return id->plural() + "/" + id->group() + " in " + id->kube_cluster() +
             " name=" + id->name_pattern().text();
    case ResourceId::Scope::kNamespaced:
      return id->plural() + "/" + id->group() + " in " + id->kube_cluster() +
             " ns=" + id->namespace_pattern().text() + " name=" + id->name_pattern().text();
  }
  return "";
}

std::string error_of(std::string_view text) {
  const auto id = ResourceId::parse(text);
  if (id) return "";
  CHECK(id.error().code == 400);
  return id.error().message;
}

}  // namespace

TEST_CASE("behaviour 3.11: IDs of other inventories") {
  CHECK(parts("/one/node/uuid") == "node name=uuid");
  CHECK(parts("/two/db/uuid-2") == "db name=uuid-2");
  CHECK(parts("//node/uuid") == "error");
  CHECK(parts("//,/node/uuid") == "error");
  CHECK(parts("/one/not,/a,/kind/uuid") == "error");
  CHECK(parts("/one/node/ \"'`~!@#$%^&*()[]{},;:\\|?<>+=") ==
        "node name= \"'`~!@#$%^&*()[]{},;:\\|?<>+=");
  CHECK(parts("/one/node/node/id") == "node name=node/id");
  CHECK(parts("/one/node/cluster/namespace/x") == "node name=cluster/namespace/x");
}

TEST_CASE("behaviour 3.11: kube kinds in namespaces") {
  CHECK(parts("/one/pod/cluster/namespace/pod*") == "pods/ in cluster ns=namespace name=pod*");
  CHECK(parts("/one/pod/cluster/1/namespace/pod*") == "pods/ in cluster/1 ns=namespace name=pod*");
  int checked = 0;
  for (const ShortKind& kind : short_kinds()) {
    if (!kind.namespaced) continue;
    CAPTURE(kind.name);
    const std::string head = "/one/" + std::string(kind.name);
    const std::string what = std::string(kind.plural) + "/" + std::string(kind.group);
    CHECK(parts(head + "/cluster/namespace/x*") == what + " in cluster ns=namespace name=x*");
    CHECK(parts(head + "/a/b/namespace/x*") == what + " in a/b ns=namespace name=x*");
    CHECK(parts(head + "/cluster//x*") == "error");
    CHECK(parts(head + "//x*") == "error");
    CHECK(parts(head + "/cluster/namespace/") == "error");
    CHECK(parts(head + "/cluster/x*") == "error");
    CHECK(parts(head + "/cluster") == "error");
    CHECK(parts(head) == "error");
    ++checked;
  }
  CHECK(checked == 15);
}

TEST_CASE("behaviour 3.11: kube kinds of the whole cluster") {
  for (const std::string kind : {"namespace", "kube_node", "persistentvolume", "clusterrole",
                                 "clusterrolebinding", "certificatesigningrequest"}) {
    CAPTURE(kind);
    const ShortKind* known = find_short_kind(kind);
    REQUIRE(known != nullptr);
    const std::string what = std::string(known->plural) + "/" + std::string(known->group);
    CHECK(parts("/one/" + kind + "/cluster/x*") == what + " in cluster name=x*");
    CHECK(parts("/one/" + kind + "/a/b/x*") == what + " in a/b name=x*");
    CHECK(parts("/one/" + kind + "/cluster") == "error");
    CHECK(parts("/one/" + kind + "/cluster/") == "error");
    CHECK(parts("/one/" + kind + "//x*") == "error");
  }
}

// The model of 2025 writes `kube:ns:PLURAL.GROUP` and `kube:cw:PLURAL.GROUP` and converts the short
// kinds to them. Here a short kind stays what it is, every other kind is PLURAL.GROUP, and the ID's
// own segments say whether it has a namespace: one spelling for one thing.
TEST_CASE("behaviour 3.11: the newer spelling is refused with a sentence") {
  for (const char* kind :
       {"kube:ns:pods", "kube:cw:nodes", "kube:ns:widgets.e.com", "kube:ns:*.*"}) {
    CAPTURE(kind);
    CHECK(error_of("/one/" + std::string(kind) + "/cluster/namespace/x*").find("unknown kind") !=
          std::string::npos);
  }
  CHECK(parts("/one/kube_node/cluster/x*") == "nodes/ in cluster name=x*");
  CHECK(parts("/one/namespace/cluster/x*") == "namespaces/ in cluster name=x*");
}

// A slash separates also within a regular expression. Unlike in the model, whose patterns are
// looked at when they are used, what is left of it is refused at once.
TEST_CASE("behaviour 2.1: patterns are checked when they are accepted, and have no slash") {
  CHECK(error_of("/one/pod/cluster/namespace/^a/b$").find("begins with ^") != std::string::npos);
  CHECK(error_of("/one/pod/cluster/namespace/^[$").find("does not compile") != std::string::npos);
  CHECK(error_of("/one/pod/cluster/^(?!x)$/a").find("does not compile") != std::string::npos);
}

TEST_CASE("whole clusters, custom kinds, and the kinds of other inventories") {
  CHECK(parts("/c/kube_cluster/k") == "cluster k");
  CHECK(parts("/c/kube_cluster/") == "error");
  CHECK(parts("/c/widgets.e.com/k/dev/w1") == "widgets/e.com in k ns=dev name=w1");
  CHECK(parts("/c/gadgets.e.com/k/g1") == "gadgets/e.com in k name=g1");
  CHECK(parts("/c/endpoints.core/k/dev/web") == "endpoints/ in k ns=dev name=web");
  CHECK(parts("/c/app/grafana") == "app name=grafana");
  CHECK(parts("/c/windows_desktop/d") == "windows_desktop name=d");
  CHECK(parts("/c/ingress/k/dev/web") == "ingresses/networking.k8s.io in k ns=dev name=web");
}

TEST_CASE("one spelling of a kind only (attack row 228)") {
  for (const char* kind : {"Pod", "pods", "po", "deployments", "nodes", "pods/exec", "*", "pod.",
                           ".core", "Widgets.e.com", "widgets.", "widgets..e", "widgets.E.com"}) {
    CAPTURE(kind);
    CHECK(parts("/c/" + std::string(kind) + "/k/dev/x") == "error");
  }
  CHECK(error_of("/c/pods.core/k/dev/x").ends_with("the kind \"pods.core\" is written pod"));
  CHECK(error_of("/c/deployments.apps/k/dev/x").ends_with("is written deployment"));
  CHECK(error_of("/c/Pod/k/dev/x").find("unknown kind \"Pod\"") != std::string::npos);
}

TEST_CASE("patterns of IDs are compiled when they are accepted (attack row 229)") {
  CHECK(error_of("/c/pod/k/dev/^a($").find("name does not compile") != std::string::npos);
  CHECK(error_of("/c/pod/k/^dev/x").find("namespace begins with ^") != std::string::npos);
  CHECK(error_of("/c/pod/k/dev/" + std::string(254, 'a')).find("longer than 253") !=
        std::string::npos);
  CHECK(error_of("/c/pod/k/dev/a\xFF").find("not UTF-8") != std::string::npos);
  CHECK(error_of("/c/pod/k/dev/a\nb").find("control characters") != std::string::npos);
  const auto id = ResourceId::parse("/c/pod/k/dev/^nginx-[0-9]+|web$");
  REQUIRE(id.has_value());
  CHECK(id->name_pattern().matches("nginx-1"));
  CHECK(id->name_pattern().matches("web"));
  CHECK_FALSE(id->name_pattern().matches("web-1"));
}

TEST_CASE("behaviour 2.1: every fault has a sentence") {
  CHECK(error_of("").ends_with("does not begin with /"));
  CHECK(error_of("one/pod/c/ns/x").ends_with("does not begin with /"));
  CHECK(error_of("/one").ends_with("needs at least /CLUSTER/KIND/NAME"));
  CHECK(error_of("/one/pod").ends_with("needs at least /CLUSTER/KIND/NAME"));
  CHECK(error_of("//pod/k/dev/x").ends_with("has no cluster"));
  CHECK(error_of("/one//k/dev/x").ends_with("has no kind"));
  CHECK(error_of("/one/node/").ends_with("has no name"));
  CHECK(error_of("/one/pod/k/dev/").ends_with("has no name"));
  CHECK(error_of("/one/pod/dev/x").ends_with("has no namespace"));
  CHECK(error_of("/one/pod//dev/x").ends_with("has no kube cluster"));
}

TEST_CASE("the short kinds") {
  CHECK(short_kinds().size() == 21);
  CHECK(find_short_kind("", "pods")->name == "pod");
  CHECK(find_short_kind("rbac.authorization.k8s.io", "roles")->name == "kube_role");
  CHECK(find_short_kind("e.com", "pods") == nullptr);
  CHECK(find_short_kind("", "endpoints") == nullptr);
}

TEST_CASE("the ID of an object that is refused") {
  CHECK(resource_id_text("c", "k", {"", "pods", true, "dev", "db-0"}) == "/c/pod/k/dev/db-0");
  CHECK(resource_id_text("c", "k", {"", "nodes", false, "", "n1"}) == "/c/kube_node/k/n1");
  CHECK(resource_id_text("c", "k", {"e.com", "widgets", true, "dev", "*"}) ==
        "/c/widgets.e.com/k/dev/*");
  CHECK(resource_id_text("c", "k", {"", "endpoints", true, "dev", "web"}) ==
        "/c/endpoints.core/k/dev/web");
}
