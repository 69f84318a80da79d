"""Rows of the behaviour tables that need a real API server: lists of sixteen namespaced kinds in their
three forms and two encodings (3.7), collections that are deleted (3.9), access reviews (3.10).
tests/README.md says where the others are."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from behaviour import (
    EVERYTHING, JSON, Role, behaviour_postern, collection, create, names, remove, rule,
)  # fmt: skip
from cluster import Cluster
from harness import Postern
from pki import Authority
from raw_http import Message, RawClient, request_bytes

TABLE = f"{JSON};as=Table;v=v1;g=meta.k8s.io"
FORMS = {"list": (JSON, ""), "table": (TABLE, ""), "table-of-objects": (TABLE, "?includeObject=Object")}
RBAC = "rbac.authorization.k8s.io"

TEMPLATE = {"metadata": {"labels": {"row": "1"}},
            "spec": {"containers": [{"name": "main", "image": "x"}], "nodeSelector": {"row": "nowhere"}}}  # fmt: skip
SET = {"spec": {"replicas": 0, "selector": {"matchLabels": {"row": "1"}}, "template": TEMPLATE}}
JOB = {"suspend": True, "template": {"spec": {**TEMPLATE["spec"], "restartPolicy": "Never"}}}
POD = {"spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "x"}]}}
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "pods": ("/api/v1", POD),
    "secrets": ("/api/v1", {}),
    "configmaps": ("/api/v1", {}),
    "services": ("/api/v1", {"spec": {"ports": [{"port": 80}]}}),
    "endpoints": ("/api/v1", {}),
    "serviceaccounts": ("/api/v1", {}),
    "persistentvolumeclaims": ("/api/v1", {"spec": {
        "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Mi"}}}}),
    "deployments": ("/apis/apps/v1", SET),
    "replicasets": ("/apis/apps/v1", SET),
    "statefulsets": ("/apis/apps/v1", SET),
    "daemonsets": ("/apis/apps/v1", {"spec": {k: v for k, v in SET["spec"].items() if k != "replicas"}}),
    "roles": (f"/apis/{RBAC}/v1", {}),
    "rolebindings": (f"/apis/{RBAC}/v1", {"roleRef": {"apiGroup": RBAC, "kind": "Role", "name": "row-1"}}),
    "cronjobs": ("/apis/batch/v1", {"spec": {
        "schedule": "0 0 1 1 *", "suspend": True, "jobTemplate": {"spec": JOB}}}),
    "jobs": ("/apis/batch/v1", {"spec": JOB}),
    "ingresses": ("/apis/networking.k8s.io/v1", {"spec": {
        "defaultBackend": {"service": {"name": "x", "port": {"number": 80}}}}}),
}  # fmt: skip
PLACES = [("default", "row-1"), ("default", "row-2"), ("prod", "row-1")]
WIDGETS = ("/apis/e.com/v1", {"apiVersion": "e.com/v1", "kind": "Widget", "spec": {"size": 1}})
LARGE = 200_000  # bytes: the API server compresses answers above 128 KiB


USERS = {
    "full": Role((EVERYTHING,)),
    "in-default": Role((rule("*", "default", "*", "*"),)),
    "nginx": Role((rule("pods", "default", "nginx-*"),)),
    "tests": Role((rule("widgets", "default", "*-test", "e.com"),)),
    "pods": Role((rule("pods", "*", "*"),)),
    "pod-2": Role((rule("pods", "namespace-1", "pod-2"),)),
    "pods-2-1": Role((rule("pods", "namespace-1", "pod-2"), rule("pods", "namespace-1", "pod-1"))),
}


@pytest.fixture(scope="module")
def proxy(authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postern]:
    with behaviour_postern(authority, cluster, tmp_path_factory.mktemp("rows"), USERS) as running:
        yield running


# -- 3.7: kinds, forms, encodings -------------------------------------------------------------------


@pytest.fixture(scope="class")
def objects(cluster: Cluster) -> Iterator[None]:
    """Of each kind two objects in default and one in prod; a large one in prod that is hidden."""
    for plural, (prefix, more) in KINDS.items():
        for namespace, name in PLACES:
            create(cluster, prefix, namespace, plural, name, more)
    create(cluster, "/api/v1", "prod", "configmaps", "large", {"data": {"x": "y" * LARGE}})
    yield
    for plural, (prefix, _) in KINDS.items():
        for namespace, name in PLACES:
            remove(cluster, f"{collection(prefix, namespace, plural)}/{name}")
    remove(cluster, "/api/v1/namespaces/prod/configmaps/large")


def check_form(answer: Message, form: str, direct: dict[str, Any], expected: list[str]) -> None:
    body = answer.json()
    if form == "list":
        assert names(body["items"]) == expected
        assert (body["kind"], body["apiVersion"]) == (direct["kind"], direct["apiVersion"])
        return
    assert body["kind"] == "Table" and int(body["metadata"]["resourceVersion"]) > 0
    assert names([row["object"] for row in body["rows"]]) == expected
    kind = "PartialObjectMetadata" if form == "table" else direct["kind"].removesuffix("List")
    for row in body["rows"]:
        assert row["object"]["kind"] == kind
        assert len(row["cells"]) == len(body["columnDefinitions"])


@pytest.mark.usefixtures("objects")
class TestKinds:
    @pytest.mark.parametrize("form", FORMS)
    @pytest.mark.parametrize("plural", KINDS)
    def test_37_a_rule_for_a_namespace(self, proxy: Postern, cluster: Cluster, plural: str, form: str) -> None:
        prefix, _ = KINDS[plural]
        accept, query = FORMS[form]
        _, direct = cluster.request("GET", f"{prefix}/{plural}")
        expected = [name for name in names(direct["items"]) if name.startswith("default/")]
        assert {"default/row-1", "default/row-2"} <= set(expected)
        assert len(expected) < len(direct["items"])
        for encoding in ("gzip", "identity"):
            answer = proxy.ask("in-default", "GET", f"{prefix}/{plural}{query}",
                               [("Accept", accept), ("Accept-Encoding", encoding)])  # fmt: skip
            assert answer.status == 200 and answer.complete, answer.body[:500]
            assert answer.get("Content-Encoding") is None
            check_form(answer, form, direct, expected)

    def test_37_the_api_server_would_have_compressed(self, proxy: Postern, cluster: Cluster) -> None:
        """So that the rows of gzip are real: past postern the same answer comes compressed."""
        accept = [("Accept", JSON), ("Accept-Encoding", "gzip")]
        pair = cluster.make_client_cert("direct", ["operators"])
        with RawClient(cluster.layout.ports["api"], cluster.ca_file, client=pair) as client:
            client.send(request_bytes("GET", "/api/v1/configmaps", accept))
            assert client.read_response().get("Content-Encoding") == "gzip"
        for user, shown in (("full", True), ("in-default", False)):
            answer = proxy.ask(user, "GET", "/api/v1/configmaps", accept)
            assert answer.get("Content-Encoding") is None
            assert ("prod/large" in names(answer.json()["items"])) == shown
            assert (len(answer.body) > LARGE) == shown


# -- 3.9: deletecollection ----------------------------------------------------------------------------

PODS = ["nginx-1", "nginx-2", "test"]
TELEROLES = ["telerole-1", "telerole-2", "telerole-test"]


@pytest.mark.parametrize(
    ("user", "namespace", "plural", "deleted"),
    [
        pytest.param("full", "default", "pods", PODS, id="full"),
        pytest.param("in-default", "default", "pods", PODS, id="namespace"),
        pytest.param("in-default", "dev", "pods", None, id="another-namespace"),
        pytest.param("nginx", "default", "pods", ["nginx-1", "nginx-2"], id="names"),
        pytest.param("full", "default", "widgets", TELEROLES, id="custom-full"),
        pytest.param("in-default", "default", "widgets", TELEROLES, id="custom-namespace"),
        pytest.param("in-default", "dev", "widgets", None, id="custom-another-namespace"),
        pytest.param("tests", "default", "widgets", ["telerole-test"], id="custom-names"),
    ],
)
def test_39_deletecollection(
    proxy: Postern, cluster: Cluster, user: str, namespace: str, plural: str, deleted: list[str] | None
) -> None:
    prefix, more = KINDS["pods"] if plural == "pods" else WIDGETS
    made = PODS if plural == "pods" else TELEROLES
    for name in made:
        create(cluster, prefix, "default", plural, name, more)
    try:
        path = collection(prefix, namespace, plural)
        _, before = cluster.request("GET", path)
        answer = proxy.ask(user, "DELETE", path, [("Content-Type", JSON)], b'{"gracePeriodSeconds":0}')
        _, after = cluster.request("GET", path)
        if deleted is None:
            assert answer.status == 403
            assert names(after["items"]) == names(before["items"]) != []
            return
        assert answer.status == 200, answer.body
        assert names(answer.json()["items"]) == [f"default/{name}" for name in deleted]
        gone = {f"default/{name}" for name in deleted}
        assert set(names(before["items"])) - set(names(after["items"])) == gone
    finally:
        for name in made:
            remove(cluster, f"{collection(prefix, 'default', plural)}/{name}")


# -- 3.10: SelfSubjectAccessReview --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("user", "namespace", "name", "allowed"),
    [
        ("pods", "", "", True),
        ("pods", "namespace-1", "pod-1", True),
        ("pods", "", "pod-1", True),
        ("pod-2", "namespace-1", "pod-1", False),
        ("pods-2-1", "namespace-1", "pod-1", True),
        ("pod-2", "namespace-1", "", True),
        ("pod-2", "namespace-2", "", False),
    ],
)
def test_310_self_access_review(proxy: Postern, user: str, namespace: str, name: str, allowed: bool) -> None:
    asked = {"verb": "list", "resource": "pods", "namespace": namespace, "name": name}
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
              "spec": {"resourceAttributes": asked}}  # fmt: skip
    answer = proxy.ask(user, "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                       [("Content-Type", JSON)], json.dumps(review).encode())  # fmt: skip
    assert answer.status == 201
    assert answer.json()["status"]["allowed"] is allowed
