"""The terms of requests against the real proxy: thresholds, reviewers' conditions, start times,
reviewers that are asked for, limits, kinds of other inventories, removal of old ones."""

import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from access_api import ROOT, approve, get, post
from cluster import Cluster
from documents import ALICE, BOB, READ_DEV_PODS, user
from harness import KubeCluster, Postern, User
from pki import Authority
from raw_http import wait_for

ID = "/postern.test/pod/mycluster/dev/nginx-1"
NAMES = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "root")
TERMS = """kind: role
version: v7
metadata: {name: asks}
spec:
  allow:
    request:
      search_as_roles: [dev-pods]
      max_duration: 4h
      reason: {mode: required}
      suggested_reviewers: [bob]
      thresholds:
      - {name: two, approve: 2, deny: 1}
      - {name: on call, approve: 1, deny: 1, filter: 'contains(reviewer.traits["duty"], "on-call")'}
---
kind: role
version: v7
metadata: {name: reviews}
spec: {allow: {review_requests: {roles: [dev-pods], where: '!regexp.match(request.reason, "^secret.*$")'}}}
---
kind: role
version: v8
metadata: {name: all-of-dev}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [viewers]
    kubernetes_resources:
    - {kind: '*', api_group: '*', namespace: dev, name: '*', verbs: [get, list]}
    - {kind: namespaces, api_group: '', name: dev, verbs: [get, list]}
---
kind: role
version: v8
metadata: {name: asks-for-all}
spec: {allow: {request: {search_as_roles: [all-of-dev]}}}
---
kind: role
version: v8
metadata: {name: door}
spec: {allow: {request: {roles: [all-of-dev], search_as_roles: [all-of-dev]}}}
---
kind: role
version: v8
metadata: {name: asks-for-the-door}
spec: {allow: {request: {roles: [door]}}}
---
kind: role
version: v8
metadata: {name: opens-doors}
spec: {allow: {review_requests: {roles: [door]}}}
---
"""
DAVE = user("dave", "reviews", more="traits: {duty: [on-call]}")
CAROL, ERIN = user("carol", "reviews"), user("erin", "asks-for-all")
FRANK, GRACE = user("frank", "asks-for-the-door"), user("grace", "opens-doors")
PEOPLE = ALICE + BOB + CAROL + DAVE + ERIN + FRANK + GRACE + user("root", "editor", "auditor")


@pytest.fixture(scope="module")
def proxy(
    authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postern]:
    with Postern(
        tmp_path_factory.mktemp("terms"),
        authority,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig, {"env": "test"})],
        documents=READ_DEV_PODS + TERMS + PEOPLE,
        users=[User(name) for name in NAMES],
        config={"requests": {"retention": "1s"}},
    ) as running:
        yield running


def file(proxy: Postern, **spec: Any) -> dict[str, Any]:
    return post(proxy, "alice", "accessrequests", {"spec": {"resources": [ID], "reason": "r"} | spec})


def name_of(made: dict[str, Any]) -> str:
    assert made["kind"] == "AccessRequest", made
    return str(made["metadata"]["name"])


def state(proxy: Postern, name: str) -> str:
    return str(get(proxy, "alice", f"accessrequests/{name}")["status"]["state"])


def test_two_have_to_agree(proxy: Postern) -> None:
    name = name_of(file(proxy))
    assert approve(proxy, "bob", name)["status"]["state"] == "PENDING"
    assert approve(proxy, "bob", name)["code"] == 403
    assert approve(proxy, "carol", name)["status"]["state"] == "APPROVED"
    assert approve(proxy, "dave", name, "Deny")["code"] == 403


def test_one_who_is_on_call_is_enough(proxy: Postern) -> None:
    name = name_of(file(proxy))
    assert approve(proxy, "dave", name)["status"]["state"] == "APPROVED"


def test_one_denial_ends_it(proxy: Postern) -> None:
    name = name_of(file(proxy))
    assert approve(proxy, "bob", name)["status"]["state"] == "PENDING"
    assert approve(proxy, "carol", name, "Deny")["status"]["state"] == "DENIED"


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"decision": "Promote"}, 422, "spec.decision"),
        ({"decision": "approve"}, 422, "spec.decision"),
        ({"roles": ["dev-pods"]}, 400, 'unknown field "spec.roles"'),
        ({"annotations": {"a": ["b"]}}, 400, 'unknown field "spec.annotations"'),
        ({"reason": "x" * 4097}, 422, "spec.reason"),
        ({"assumeStartTime": "2099-01-01T00:00:00Z"}, 422, "spec.assumeStartTime"),
    ],
    ids=["promote", "spelling", "roles", "annotations", "reason", "start"],
)
def test_behaviour_2_2_a_review_is_one_word_about_all_of_it(
    proxy: Postern, more: dict[str, Any], code: int, says: str
) -> None:
    """No promotion to a list of members, no choice among the roles, no notes for other programs."""
    name = name_of(file(proxy))
    seen = get(proxy, "bob", f"accessrequests/{name}")
    spec = {"decision": "Approve", "uid": seen["metadata"]["uid"],
            "effectiveDigest": seen["status"]["effectiveDigest"]}  # fmt: skip
    refused = post(proxy, "bob", f"accessrequests/{name}/reviews?fieldValidation=Strict", {"spec": spec | more})
    assert refused["code"] == code, refused
    assert says in str(refused["message"]) + str(refused.get("details"))
    after = get(proxy, "bob", f"accessrequests/{name}")["status"]
    assert after["state"] == "PENDING" and "reviews" not in after


def test_behaviour_3_12_requestable_roles_are_those_of_static_roles(proxy: Postern) -> None:
    """What was granted opens no way to more: neither in the session that has assumed it, nor outside."""
    made = post(proxy, "frank", "accessrequests", {"spec": {"roles": ["door"]}})
    assert approve(proxy, "grace", name_of(made))["status"]["state"] == "APPROVED"
    session = post(proxy, "frank", "sessions", {"spec": {"requests": [name_of(made)]}})
    bearer = [("Authorization", f"Bearer {session['status']['token']}"), ("Content-Type", "application/json")]
    for spec in ({"roles": ["all-of-dev"]}, {"resources": [ID]}):
        body = json.dumps({"spec": spec}).encode()
        answer = proxy.ask(None, "POST", f"{ROOT}/accessrequests", bearer, body)
        assert answer.status in (403, 422), answer.body
        assert post(proxy, "frank", "accessrequests", {"spec": spec})["code"] == answer.status


def test_reviewers_conditions(proxy: Postern) -> None:
    """Who may not review it does not see it."""
    name = name_of(file(proxy, reason="secret plans"))
    assert get(proxy, "bob", f"accessrequests/{name}")["code"] == 404
    assert get(proxy, "root", f"accessrequests/{name}")["spec"]["reason"] == "secret plans"
    why = get(proxy, "root", f"accessrequests/{name}/review")["status"]
    assert why["mayReview"] is False and why["why"]


def test_reasons_are_required(proxy: Postern) -> None:
    for reason in ("", "  \t "):
        refused = file(proxy, reason=reason)
        assert refused["code"] == 422, refused
        assert refused["details"]["causes"][0]["field"] == "spec.reason"


def test_reviewers_that_are_asked_for(proxy: Postern) -> None:
    suggested = file(proxy)
    assert suggested["spec"]["suggestedReviewers"] == ["bob"]
    chosen = file(proxy, suggestedReviewers=["dave", "carol"])
    assert chosen["spec"]["suggestedReviewers"] == ["carol", "dave"]


def test_durations(proxy: Postern) -> None:
    def hours(**spec: Any) -> float:
        made = file(proxy, **spec)
        ends = datetime.fromisoformat(made["status"]["accessExpires"].replace("Z", "+00:00"))
        return (ends - datetime.now(timezone.utc)).total_seconds() / 3600

    assert 0.9 < hours(maxDuration="1h") <= 1
    assert 3.9 < hours(maxDuration="100h") <= 4
    refused = file(proxy, requestTTL="1000h")
    assert refused["code"] == 422 and refused["details"]["causes"][0]["field"] == "spec.requestTTL"


def test_not_before_its_start(proxy: Postern) -> None:
    start = (datetime.now(timezone.utc) + timedelta(seconds=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
    name = name_of(file(proxy, assumeStartTime=start, maxDuration="1h"))
    approve(proxy, "dave", name)
    early = post(proxy, "alice", "sessions", {"spec": {"requests": [name]}})
    assert early["code"] == 403 and start[:16] in early["message"], early

    def assumed() -> bool:
        return "token" in post(proxy, "alice", "sessions", {"spec": {"requests": [name]}}).get("status", {})

    wait_for("the start", assumed, 20)
    past = file(proxy, assumeStartTime="2020-01-01T00:00:00Z")
    assert past["code"] == 422 and past["details"]["causes"][0]["field"] == "spec.assumeStartTime"


@pytest.mark.parametrize(("namespace", "code"), [("dev", None), ("prod", 403)])
def test_behaviour_3_12_filing_tells_nothing_of_what_there_is(
    proxy: Postern, namespace: str, code: int | None
) -> None:
    """An object that is there and one that is not are asked for, and refused, in the same words."""

    def answer(pod: str) -> str:
        made = file(proxy, resources=[f"/postern.test/pod/mycluster/{namespace}/{pod}"])
        assert made.get("code") == code, made
        said = made["message"] if code else [made["spec"], made["status"]["state"]]
        return json.dumps(said).replace(pod, "POD")

    assert answer("nginx-1") == answer("nothing-1")


@pytest.mark.parametrize("kind", ["node", "db", "app", "windows_desktop"])
def test_kinds_of_other_inventories_are_refused_with_a_sentence(proxy: Postern, kind: str) -> None:
    refused = file(proxy, resources=[f"/postern.test/{kind}/some-name"])
    assert refused["code"] == 422, refused
    cause = refused["details"]["causes"][0]
    assert cause["field"] == "spec.resources[0]"
    assert f"no inventory of the kind {kind}, so that nothing of it can be requested" in cause["message"]


@pytest.mark.parametrize(
    ("resources", "says"),
    [
        ([], "spec"),
        (["/postern.test/pod/nowhere/dev/x"], "nowhere"),
        (["/elsewhere/pod/mycluster/dev/x"], "elsewhere"),
        (["/postern.test/pod/mycluster/dev/^[$"], "spec.resources[0]"),
        (["/postern.test/nonsense/mycluster/dev/x"], "nonsense"),
        ([f"/postern.test/pod/mycluster/dev/web-{n}" for n in range(301)], "spec.resources"),
        ([f"/postern.test/pod/mycluster/dev/{'x' * 60}-{n}" for n in range(40)], "spec.resources"),
    ],
    ids=["empty", "cluster", "installation", "regex", "kind", "count", "size"],
)
def test_bad_resources_are_refused_with_their_field(
    proxy: Postern, resources: list[str], says: str
) -> None:
    before = len(get(proxy, "alice", "accessrequests")["items"])
    refused = file(proxy, resources=resources)
    assert refused["code"] in (403, 404, 422), refused
    assert says in str(refused["message"]) + str(refused.get("details"))
    assert len(get(proxy, "alice", "accessrequests")["items"]) == before


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("pod", "/postern.test/pod/mycluster/dev/nginx-1"),
        ("secret", "/postern.test/secret/mycluster/dev/app-config"),
        ("namespace", "/postern.test/namespace/mycluster/dev"),
        ("widgets.e.com", "/postern.test/widgets.e.com/mycluster/dev/w1"),
        ("serviceaccounts.core", "/postern.test/serviceaccount/mycluster/dev/default"),
    ],
)
def test_searches_of_every_kind(proxy: Postern, kind: str, found: str) -> None:
    spec = {"kind": kind, "kubeCluster": "mycluster"}
    if kind != "namespace":
        spec["namespace"] = "dev"
    answer = post(proxy, "erin", "resourcesearches", {"spec": spec})
    assert found in [one["id"] for one in answer["status"]["resources"]], answer
    made = post(proxy, "erin", "accessrequests", {"spec": {"resources": [found]}})
    assert made["status"]["state"] == "PENDING", made


def test_what_has_ended_is_removed_in_time(proxy: Postern) -> None:
    name = name_of(file(proxy, maxDuration="3s"))
    assert approve(proxy, "dave", name)["status"]["state"] == "APPROVED"
    wait_for("its end", lambda: get(proxy, "alice", f"accessrequests/{name}").get("code") == 404, 20)
    time.sleep(0.1)
    assert get(proxy, "root", f"accessrequests/{name}")["code"] == 404
