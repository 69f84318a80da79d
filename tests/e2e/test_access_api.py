"""The access API with nothing but kubectl: discovery, roles, users and clusters, and the ways around it."""

import json
from collections.abc import Callable

import pytest
import yaml
from access_api import (  # noqa: F401  (fixtures)
    API, GROUP, ROOT, alice, bob, create, last_event, person, post, proxy, refused, root,
)
from attack import Attack
from conftest import As
from harness import Postern
from raw_http import request_bytes


def test_api_resources_shows_the_kinds_beside_the_clusters(alice: As) -> None:
    shown = alice("api-resources", "--api-group", GROUP).stdout
    assert "accessrequests" in shown and " ar " in shown and "AccessRequest" in shown
    everything = alice("api-resources", "-o", "name").stdout.split()
    assert {f"accessroles.{GROUP}", f"sessions.{GROUP}", "pods", "deployments.apps"} <= set(everything)
    assert f"{API}" in alice("api-versions").stdout.split()


def test_who_sees_no_cluster_still_finds_the_access_api(person: Callable[[str], As]) -> None:
    bob = person("bob")
    assert "accessrequests" in bob("api-resources", "--api-group", GROUP).stdout
    assert bob.json("get", "accessrequests")["items"] is not None


def test_discovery_is_not_modified_twice(proxy: Postern) -> None:
    for path in ("/apis", f"/apis/{GROUP}", ROOT, "/openapi/v3", f"/openapi/v3{ROOT}"):
        first = proxy.ask("alice", "GET", path)
        assert first.status == 200, path
        etag = first.get("etag")
        again = proxy.ask("alice", "GET", path, [("If-None-Match", etag)])
        assert (again.status, again.body) == (304, b""), path


@pytest.mark.parametrize("form", ["v2", "v2beta1"])
def test_aggregated_discovery_holds_both(proxy: Postern, form: str) -> None:
    form_type = f"application/json;g=apidiscovery.k8s.io;v={form};as=APIGroupDiscoveryList"
    accept = f"{form_type},application/json"
    answer = proxy.ask("alice", "GET", "/apis", [("Accept", accept)])
    document = json.loads(answer.body)
    if document["kind"] == "APIGroupDiscoveryList":
        assert f"v={form}" in answer.get("content-type")
        names = [item["metadata"]["name"] for item in document["items"]]
    else:  # the cluster no longer has that form
        names = [group["name"] for group in document["groups"]]
    assert "apps" in names and names.count(GROUP) == 1


def test_explain(alice: As) -> None:
    text = alice("explain", "accessrequest", "--recursive").stdout
    assert "GROUP:      access.postern.dev" in text
    for field in ("resources", "suggestedReviewers", "effectiveDigest", "lastTransitionTime"):
        assert field in text
    field = alice("explain", "accessrequest.spec.maxDuration").stdout
    assert "For how long access is wanted" in field
    assert "kubernetes_resources" in alice("explain", "accessrole.spec.allow").stdout


def test_an_administrator_works_with_roles_and_users(root: As, person: Callable[[str], As]) -> None:
    role = {
        "apiVersion": API, "kind": "AccessRole", "metadata": {"name": "team"}, "version": "v7",
        "spec": {"allow": {"kubernetes_groups": ["dev-team"]}},
    }  # fmt: skip
    root("apply", "-f", "-", stdin=yaml.safe_dump(role))
    role["spec"]["allow"]["kubernetes_groups"] = ["operators"]
    assert "configured" in root("apply", "-f", "-", stdin=yaml.safe_dump(role)).stdout
    assert "unchanged" in root("apply", "-f", "-", stdin=yaml.safe_dump(role)).stdout
    assert root.json("get", "arole", "team")["spec"]["allow"]["kubernetes_groups"] == ["operators"]
    root("patch", "arole", "team", "--type=json", "-p",
         '[{"op":"replace","path":"/spec/allow/kubernetes_groups/0","value":"viewers"}]')  # fmt: skip
    user = {
        "apiVersion": API, "kind": "AccessUser", "metadata": {"name": "zoe"},
        "spec": {"roles": ["team"]},
    }  # fmt: skip
    create(root, user)
    assert "team" in root("get", "auser", "zoe").stdout
    root("patch", "auser", "zoe", "--type=merge", "-p", '{"spec":{"locked":true}}')
    assert "true" in root("get", "auser", "zoe").stdout
    assert "Forbidden" in person("eve").fails("get", "arole", "team")
    assert "roles.yaml" in root.fails("delete", "arole", "dev-pods")
    root("delete", "auser", "zoe")
    root("delete", "arole", "team")


def test_bad_roles_are_refused_with_their_key(root: As) -> None:
    role = {
        "apiVersion": API, "kind": "AccessRole", "metadata": {"name": "bad"}, "version": "v7",
        "spec": {"allow": {"kubernetes_group": ["x"]}},
    }  # fmt: skip
    assert "spec.allow.kubernetes_group" in refused(root, role)


def test_the_category_is_what_everybody_may_list(alice: As) -> None:
    assert "kubecluster.access.postern.dev/mycluster" in alice("get", "access", "-o", "name").stdout


def test_clusters(alice: As, person: Callable[[str], As]) -> None:
    head, row = (line.split() for line in alice("get", "kubeclusters").stdout.splitlines()[:2])
    shown = dict(zip(head, row))
    assert (shown["NAME"], shown["DEFAULT"], shown["REACHABLE"]) == ("mycluster", "true", "true")
    assert person("eve").json("get", "kc")["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/apis/access.postern.dev/v1/accessrequests", 404),
        ("GET", "/apis/ACCESS.postern.dev/v1alpha1/accessrequests", 404),
        ("GET", "/apis/access.postern.dev/v1alpha1/pods", 404),
        ("GET", "/apis/access.postern.dev/v1alpha1/namespaces/dev/accessrequests", 404),
        ("GET", "/clusters/mycluster/apis/access.postern.dev/v1alpha1/accessrequests", 200),
        ("DELETE", "/apis/access.postern.dev/v1alpha1/accessrequests", 405),
        ("PUT", "/apis/access.postern.dev/v1alpha1/accessrequests/x", 405),
        ("POST", "/apis/access.postern.dev/v1alpha1", 405),
        ("GET", "/apis/access.postern.dev/v2", 404),
        ("GET", "/openapi/v3/apis/access.postern.dev/v9", 404),
        ("GET", "/apis/access.postern.dev/v1alpha1/sessions/self", 400),
    ],
)  # fmt: skip
def test_paths(proxy: Postern, method: str, path: str, status: int) -> None:
    assert proxy.ask("alice", method, path).status == status


@pytest.mark.parametrize(
    "path",
    [
        "/apis/access.postern.dev",
        "/apis/ACCESS.postern.dev/v1alpha1/accessrequests",
        "/apis/access.postern.dev/v2/anything/at/all",
        "/apis/access.postern.dev/v1alpha1/namespaces/dev/accessrequests/x/status",
        "/api/access.postern.dev/v1alpha1/accessrequests",
        "/clusters/mycluster/apis/access.postern.dev/v1/accessroles",
        "/openapi/v3/apis/access.postern.dev/v1alpha1",
        "/openapi/v3/apis/Access.Postern.Dev/v1",
        "/apis/%61ccess.postern.dev/v1/accessroles",
    ],
)
def test_nothing_of_the_group_goes_upstream(attack: Attack, path: str) -> None:
    for method in ("GET", "POST", "DELETE", "PATCH"):
        attack.send(method, path, body=None if method == "GET" else b"{}")
    assert not attack.upstream.client_requests


def test_nobody_is_let_in(proxy: Postern) -> None:
    for path in (f"{ROOT}/accessrequests", f"/apis/{GROUP}", ROOT, f"{ROOT}/sessions"):
        assert proxy.ask(None, "GET", path).status == 401
    fields = [("Content-Type", "application/json")]
    wrong = b'{"spec":{"login":{"user":"alice","password":"wrong horse battery"}}}'
    unknown = b'{"spec":{"login":{"user":"nobody","password":"wrong horse battery"}}}'
    answers = [proxy.ask(None, "POST", f"{ROOT}/sessions", fields, b) for b in (wrong, unknown)]
    assert [answer.status for answer in answers] == [401, 401]
    assert answers[0].body == answers[1].body
    assert proxy.ask(None, "POST", f"{ROOT}/sessions", fields, b'{"spec":{}}').status == 401
    large = b'{"spec":{"login":{"user":"' + b"a" * 20_000 + b'"}}}'
    assert proxy.ask(None, "POST", f"{ROOT}/sessions", fields, large).status == 413


def test_nobody_can_be_impersonated(proxy: Postern) -> None:
    answer = proxy.ask("alice", "GET", f"{ROOT}/accessrequests", [("Impersonate-User", "bob")])
    assert answer.status == 403


def test_protobuf_is_not_spoken(proxy: Postern) -> None:
    fields = [("Content-Type", "application/vnd.kubernetes.protobuf")]
    assert proxy.ask("alice", "POST", f"{ROOT}/accessrequests", fields, b"k8s\0x").status == 415


def test_a_session_for_a_credential(proxy: Postern) -> None:
    made = post(proxy, "alice", "sessions", {"spec": {"ttl": "1h"}})
    token = made["status"]["token"]
    bearer = [("Authorization", f"Bearer {token}")]
    own = proxy.ask(None, "GET", f"{ROOT}/sessions/self", bearer)
    assert json.loads(own.body)["metadata"]["name"] == made["metadata"]["name"]
    assert token.encode() not in own.body
    watching = proxy.client()
    watching.send(request_bytes("GET", f"{ROOT}/accessrequests?watch=true", bearer))
    assert watching.read_head().status == 200
    assert proxy.ask(None, "DELETE", f"{ROOT}/sessions/self", bearer).status == 200
    assert proxy.ask(None, "GET", f"{ROOT}/sessions/self", bearer).status == 401
    ended = last_event(watching)
    assert (ended["type"], ended["object"]["code"]) == ("ERROR", 410)
    watching.close()


def test_kubectl_by_raw_paths(alice: As) -> None:
    assert json.loads(alice("get", "--raw", ROOT).stdout)["groupVersion"] == API


def test_who_sees_no_cluster_is_answered_about_the_access_api(
    proxy: Postern, person: Callable[[str], As]
) -> None:
    """And about nothing of the cluster, which they must not learn of."""
    eve = person("eve")
    assert "yes" in eve("auth", "can-i", "create", "accessrequests.access.postern.dev").stdout
    assert eve("auth", "can-i", "get", "pods", check=False).stdout.startswith("no")
    assert "accessrequests.access.postern.dev" in eve("auth", "can-i", "--list").stdout
    review = b'{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}'
    path = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    for target, code in ((f"/{path}", 201), (f"/clusters/mycluster/{path}", 404),
                         (f"/{path.replace('v1', 'v2')}", 404)):  # fmt: skip
        fields = [("Content-Type", "application/json")]
        assert proxy.ask("eve", "POST", target, fields, review).status == code, target
