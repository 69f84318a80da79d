"""The roles that postern brings along, with a real cluster: what each of them may, and no more."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cluster import Cluster
from documents import user
from harness import KubeCluster, Postern, User
from pki import Authority

API = "/apis/access.postern.dev/v1alpha1"
PODS = "/api/v1/namespaces/dev/pods"
POD_ID = "/postern.test/pod/mycluster/dev/nginx-1"
IN_DEV_TEAM = "traits: {kubernetes_groups: [dev-team]}"
PEOPLE = (
    user("una", "access", more=IN_DEV_TEAM)
    + user("alice", "requester", more=IN_DEV_TEAM)
    + user("bob", "reviewer")
    + user("root", "editor")
    + user("anna", "auditor")
)
NAMES = ("una", "alice", "bob", "root", "anna")


@pytest.fixture(scope="module")
def proxy(
    authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postern]:
    with Postern(
        tmp_path_factory.mktemp("presets"),
        authority,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig, {"env": "test"})],
        documents=PEOPLE,
        users=[User(name) for name in NAMES],
    ) as running:
        yield running


def call(proxy: Postern, who: str, method: str, path: str, spec: Any = None) -> tuple[int, Any]:
    fields = [("Content-Type", "application/json")] if spec else []
    answer = proxy.ask(who, method, path, fields, json.dumps(spec).encode() if spec else None)
    return answer.status, json.loads(answer.body)


@pytest.fixture
def request_of_alice(proxy: Postern) -> Iterator[dict[str, Any]]:
    code, made = call(proxy, "alice", "POST", f"{API}/accessrequests", {"spec": {"resources": [POD_ID]}})
    assert (code, made["spec"]["roles"]) == (201, ["access"]), made
    yield made
    code, gone = call(proxy, "root", "DELETE", f"{API}/accessrequests/{made['metadata']['name']}")
    assert code == 200, gone


def review(proxy: Postern, who: str, request: dict[str, Any], decision: str) -> tuple[int, Any]:
    spec = {"decision": decision, "uid": request["metadata"]["uid"],
            "effectiveDigest": request["status"]["effectiveDigest"]}  # fmt: skip
    path = f"{API}/accessrequests/{request['metadata']['name']}/reviews"
    return call(proxy, who, "POST", path, {"spec": spec})


def test_who_reaches_the_cluster(proxy: Postern) -> None:
    """access alone does, in the name of the user's own groups there; who may not even ask knows of no cluster."""
    assert {who: call(proxy, who, "GET", PODS)[0] for who in NAMES} == {
        "una": 200, "alice": 403, "bob": 404, "root": 404, "anna": 404}  # fmt: skip


def test_who_may_ask(proxy: Postern) -> None:
    asked = {"spec": {"resources": [POD_ID]}}
    codes = {who: call(proxy, who, "POST", f"{API}/accessrequests?dryRun=All", asked)[0] for who in NAMES}
    assert codes == {"una": 403, "alice": 201, "bob": 422, "root": 422, "anna": 422}  # 422: no such cluster
    whole = {"spec": {"roles": ["access"]}}
    assert call(proxy, "alice", "POST", f"{API}/accessrequests?dryRun=All", whole)[0] == 201
    assert call(proxy, "bob", "POST", f"{API}/accessrequests?dryRun=All", whole)[0] == 403


def test_who_may_decide(proxy: Postern, request_of_alice: dict[str, Any]) -> None:
    """Only a reviewer; an editor and an auditor see the request and may not."""
    path = f"{API}/accessrequests/{request_of_alice['metadata']['name']}"
    assert {who: call(proxy, who, "GET", path)[0] for who in NAMES} == {
        "una": 404, "alice": 200, "bob": 200, "root": 200, "anna": 200}  # fmt: skip
    for decision in ("Approve", "Deny"):
        codes = {who: review(proxy, who, request_of_alice, decision)[0] for who in NAMES if who != "bob"}
        assert codes == {"una": 404, "alice": 403, "root": 403, "anna": 403}, decision
    assert call(proxy, "anna", "GET", path)[1]["status"]["state"] == "PENDING"
    code, approved = review(proxy, "bob", request_of_alice, "Approve")
    assert (code, approved["status"]["state"]) == (201, "APPROVED"), approved
    assert review(proxy, "anna", request_of_alice, "Revoke")[0] == 403
    code, revoked = review(proxy, "root", request_of_alice, "Revoke")
    assert (code, revoked["status"]["state"]) == (201, "REVOKED"), revoked


def test_what_was_approved_gives_the_pod_alone(proxy: Postern, request_of_alice: dict[str, Any]) -> None:
    review(proxy, "bob", request_of_alice, "Approve")
    name = request_of_alice["metadata"]["name"]
    _, session = call(proxy, "alice", "POST", f"{API}/sessions", {"spec": {"requests": [name]}})
    bearer = [("Authorization", f"Bearer {session['status']['token']}")]
    codes = [proxy.ask(None, "GET", f"{PODS}/{pod}", bearer).status for pod in ("nginx-1", "nginx-2")]
    assert codes == [200, 403]


ROLE = {"version": "v8", "metadata": {"name": "made"}, "spec": {"allow": {}}}
WHO = {"metadata": {"name": "made"}, "spec": {"roles": ["access"]}}


@pytest.mark.parametrize(("kind", "document"), [("accessroles", ROLE), ("accessusers", WHO)])
def test_who_administers(proxy: Postern, kind: str, document: dict[str, Any]) -> None:
    path = f"{API}/{kind}"
    codes = {who: call(proxy, who, "POST", path, document)[0] for who in NAMES if who != "root"}
    assert set(codes.values()) == {403}, codes
    assert call(proxy, "root", "POST", path, document)[0] == 201
    assert {who: call(proxy, who, "GET", path)[0] for who in NAMES} == {
        "una": 403, "alice": 403, "bob": 403, "root": 200, "anna": 200}  # fmt: skip
    codes = {who: call(proxy, who, "DELETE", f"{path}/made")[0] for who in NAMES if who != "root"}
    assert set(codes.values()) <= {403, 404} and codes["anna"] == 403, codes
    assert call(proxy, "anna", "GET", f"{path}/made")[0] == 200
    assert call(proxy, "root", "DELETE", f"{path}/made")[0] == 200


def test_an_auditor_sees_sessions_and_ends_none(proxy: Postern) -> None:
    _, session = call(proxy, "alice", "POST", f"{API}/sessions", {"spec": {}})
    path = f"{API}/sessions/{session['metadata']['name']}"
    assert {who: call(proxy, who, "GET", path)[0] for who in NAMES} == {
        "una": 404, "alice": 200, "bob": 404, "root": 200, "anna": 200}  # fmt: skip
    assert call(proxy, "anna", "DELETE", path)[0] == 403
    assert call(proxy, "root", "DELETE", path)[0] == 200
