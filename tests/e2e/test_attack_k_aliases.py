"""Attack matrix, groups K, L and M's neighbours: other groups, events, metrics, authorization APIs,
discovery and non-resource paths. Choices: 197's unserved version is 404; 206 is 403 or 404; 214 is
answered here or forwarded."""

import json
import re
from typing import Any

import pytest
from attack import POD, TABLE, WIDGETS, Attack, visible
from fixture_api import DISCOVERY_TYPE
from upstream import Recorded, Reply

EVENTS = "/api/v1/namespaces/dev/events"
NEW_EVENTS = "/apis/events.k8s.io/v1/namespaces/dev/events"
METRICS = "/apis/metrics.k8s.io/v1beta1"


def test_k195_the_same_plural_in_another_group_is_another_kind(attack: Attack) -> None:
    attack.refused(attack.send("GET", "/apis/e.com/v1/namespaces/dev/pods/nginx-1"), 403)
    attack.refused(attack.send("GET", "/apis/e.com/v1/namespaces/dev/pods"), 403)


def test_k196_k197_every_served_version_is_the_same_kind(attack: Attack) -> None:
    for version in ("v1", "v2"):
        attack.upstream.reset()
        path = f"/apis/e.com/{version}/namespaces/dev/widgets"
        assert attack.send("GET", f"{path}/w1").status == 200
        attack.forwarded(f"GET {path}/w1")
        assert visible(attack.send("GET", path)) == {"dev/w1"}
    attack.upstream.reset()
    attack.refused(attack.send("GET", "/apis/e.com/v3/namespaces/dev/widgets/w1"), 404)
    attack.refused(attack.send("GET", f"{WIDGETS}/w2"), 403)


# -- events -----------------------------------------------------------------------------------------


def names(answer: Any) -> set[str]:
    assert answer.status == 200, answer.body
    return {item["metadata"]["name"] for item in answer.json()["items"]}


@pytest.mark.parametrize("path", [EVENTS, NEW_EVENTS, "/api/v1/events"])
def test_k198_k200_k201_events_are_seen_where_their_object_is(attack: Attack, path: str) -> None:
    assert names(attack.send("GET", path)) == {"nginx-1.started"}


def test_k198_events_of_a_hidden_object(attack: Attack) -> None:
    answer = attack.send("GET", f"{EVENTS}?fieldSelector=involvedObject.name%3Ddb-0")
    assert names(answer) == set()


def test_k198_events_as_a_table(attack: Attack) -> None:
    answer = attack.send("GET", EVENTS, [("Accept", TABLE)])
    assert attack.forwarded().parameter("includeObject") == "Object"
    rows = answer.json()["rows"]
    assert [row["cells"][0] for row in rows] == ["nginx-1.started"]
    assert "involvedObject" not in (rows[0]["object"] or {})


@pytest.mark.parametrize("path", [EVENTS, NEW_EVENTS])
def test_k199_single_events(attack: Attack, path: str) -> None:
    """Hidden and absent give the same 403."""
    assert attack.send("GET", f"{path}/nginx-1.started").status == 200
    bodies = set()
    for name in ("nginx-1.abc", "nginx-1.absent", "nginx-1.related", "nginx-1.forged"):
        answer = attack.send("GET", f"{path}/{name}")
        assert answer.status == 403, (name, answer.body)
        bodies.add(answer.body.replace(name.encode(), b"NAME"))
    assert len(bodies) == 1


def test_k202_watch_of_events(attack: Attack) -> None:
    answer = attack.send("GET", f"{EVENTS}?watch=true")
    events = [json.loads(line) for line in answer.body.splitlines()]
    added = {e["object"]["metadata"]["name"] for e in events if e["type"] == "ADDED"}
    assert added == {"nginx-1.started"}
    assert [e["type"] for e in events][-1] == "BOOKMARK"


def test_k_writing_events_needs_a_rule(attack: Attack) -> None:
    body = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": "nginx-1.x"},
            "involvedObject": {"kind": "Pod", "namespace": "dev", "name": "nginx-1"}}  # fmt: skip
    attack.refused(attack.post(EVENTS, body), 403)
    attack.refused(attack.send("DELETE", f"{EVENTS}/nginx-1.started"), 403)


# -- metrics ----------------------------------------------------------------------------------------


def test_k203_metrics_of_visible_pods(attack: Attack) -> None:
    expected = {"dev/nginx-1", "dev/nginx-2"}
    assert visible(attack.send("GET", f"{METRICS}/namespaces/dev/pods")) == expected
    assert visible(attack.send("GET", f"{METRICS}/pods")) == expected
    assert attack.send("GET", f"{METRICS}/namespaces/dev/pods/nginx-1").status == 200


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(f"{METRICS}/namespaces/dev/pods/db-0", id="K204"),
        pytest.param(f"{METRICS}/nodes", id="K205"),
        pytest.param(f"{METRICS}/nodes/n1", id="K205-name"),
        pytest.param("/apis/custom.metrics.k8s.io/v1beta1/namespaces/dev/pods/*/m", id="K206"),
        pytest.param("/apis/custom.metrics.k8s.io/v1beta1/namespaces/dev/pods/*/cpu", id="K206-known"),
    ],
)
def test_metrics_of_what_is_hidden(attack: Attack, path: str) -> None:
    attack.refused(attack.send("GET", path), 403, 404, 400)


# -- authorization APIs -----------------------------------------------------------------------------


def ask_access(attack: Attack, user: str = "alice", **attributes: str) -> Any:
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
              "spec": {"resourceAttributes": attributes}}  # fmt: skip
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = attack.post(path, review, user=user)
    assert answer.status == 201, answer.body
    assert answer.json()["kind"] == "SelfSubjectAccessReview"
    return answer.json()["status"]


@pytest.mark.parametrize(
    ("attributes", "allowed"),
    [
        pytest.param({"verb": "get", "resource": "pods", "name": "db-0"}, False, id="L207"),
        pytest.param({"verb": "get", "resource": "pods", "name": "nginx-1"}, True, id="L207-granted"),
        pytest.param({"verb": "list", "resource": "pods"}, True, id="L208"),
        pytest.param({"verb": "list", "resource": "configmaps"}, False, id="L208-no-grant"),
        pytest.param({"verb": "create", "resource": "secrets"}, False, id="L208-create"),
        pytest.param(
            {"verb": "create", "resource": "pods", "subresource": "exec", "name": "nginx-1"}, True,
            id="L208-exec",
        ),
        pytest.param(
            {"verb": "create", "resource": "pods", "subresource": "exec", "name": "db-0"}, False,
            id="L208-exec-hidden",
        ),
        pytest.param({"verb": "get", "group": "e.com", "resource": "widgets", "name": "w1"}, True, id="L208-crd"),
        pytest.param({"verb": "*", "resource": "*", "group": "*"}, False, id="L208-everything"),
    ],
)  # fmt: skip
def test_access_reviews_tell_what_the_proxy_lets_through(
    attack: Attack, attributes: dict[str, str], allowed: bool
) -> None:
    assert ask_access(attack, namespace="dev", **attributes)["allowed"] is allowed


def test_l207_the_cluster_can_still_say_no(attack: Attack) -> None:
    def refuse(request: Recorded) -> Reply:
        review = json.loads(request.message.body)
        return Reply(201, json.dumps({**review, "status": {"allowed": False}}).encode())

    attack.on("selfsubjectaccessreviews", refuse)
    # Asked by no other test: what the cluster says is kept for a while.
    attributes = {"verb": "update", "resource": "pods", "name": "nginx-2", "namespace": "dev"}
    assert ask_access(attack, **attributes)["allowed"] is False


@pytest.mark.parametrize(
    "path",
    [
        "/apis/authorization.k8s.io/v1/subjectaccessreviews",
        "/apis/authorization.k8s.io/v1/namespaces/dev/localsubjectaccessreviews",
        "/apis/authentication.k8s.io/v1/tokenreviews",
    ],
)
def test_l209_asking_about_others_is_403(attack: Attack, path: str) -> None:
    attack.refused(attack.post(path, {"spec": {"user": "root", "token": "x"}}), 403)


# -- discovery and the rest -------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/api", "/apis"])
def test_l210_discovery_is_passed_on(attack: Attack, path: str) -> None:
    accept = f"{DISCOVERY_TYPE},application/json"
    answer = attack.send("GET", path, [("Accept", accept)])
    assert answer.status == 200 and answer.json()["kind"] == "APIGroupDiscoveryList"
    attack.forwarded(f"GET {path}")


@pytest.mark.parametrize("path", ["/version", "/api/v1", "/apis/e.com", "/apis/e.com/v1", "/api"])
def test_l211_version_and_legacy_discovery(attack: Attack, path: str) -> None:
    assert attack.send("GET", path).status == 200
    attack.forwarded(f"GET {path}")


@pytest.mark.parametrize(
    "path",
    ["/metrics", "/debug/pprof/", "/logs/", "/configz", "/flagz", "/statusz", "/livez/etcd", "/",
     "/debug", "/ui", "/swagger.json"],
)  # fmt: skip
def test_l212_the_rest_never_goes_upstream(attack: Attack, path: str) -> None:
    attack.refused(attack.send("GET", path), 403)


@pytest.mark.parametrize("path", ["v1alpha1/accessrequests", "v1/accessroles"])
def test_l213_posterns_own_api_never_goes_upstream(attack: Attack, path: str) -> None:
    attack.send("GET", f"/apis/access.postern.dev/{path}")
    assert not attack.upstream.client_requests


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_l212_nothing_is_written_outside_of_resources(attack: Attack, method: str) -> None:
    for path in ("/version", "/api", "/apis/e.com/v1", "/healthz"):
        attack.refused(attack.send(method, path, body=b"{}"), 403, 405, 415)


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz"])
def test_l214_health(attack: Attack, path: str) -> None:
    assert attack.send("GET", path).status == 200
    attack.upstream.reset()
    attack.refused(attack.send("GET", f"{path}/../api/v1/secrets"), 400)


def test_l_cluster_paths(attack: Attack) -> None:
    assert attack.send("GET", f"/clusters/mycluster{POD}/nginx-1").status == 200
    attack.forwarded(f"GET {POD}/nginx-1")
    attack.upstream.reset()
    attack.refused(attack.send("GET", f"/clusters/mycluster{POD}/db-0"), 403)
    unknown = attack.send("GET", f"/clusters/nowhere{POD}/nginx-1")
    attack.refused(unknown, 404)
    attack.refused(attack.send("GET", f"/clusters/../clusters/mycluster{POD}/nginx-1"), 400)
    attack.refused(attack.send("GET", f"/clusters//mycluster{POD}/nginx-1"), 400, 404)
    attack.refused(attack.send("GET", f"/clusters/mycluster/clusters/mycluster{POD}/nginx-1"), 403, 404, 400)


def test_l_a_user_without_roles_learns_of_no_cluster(attack: Attack) -> None:
    """The same 404 as for a cluster that does not exist."""
    known = attack.send("GET", f"/clusters/mycluster{POD}", user="erin")
    unknown = attack.send("GET", f"/clusters/nowhere{POD}", user="erin")
    attack.refused(known, 404)
    assert known.body.replace(b"mycluster", b"C") == unknown.body.replace(b"nowhere", b"C")


def test_l_system_groups_are_never_impersonated(attack: Attack) -> None:
    """mallory's role names system:masters, which the configuration does not allow."""
    attack.refused(attack.send("GET", f"{POD}/nginx-1", user="mallory"), 403)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("%1b[31m", id="O233-escape"),
        pytest.param("%e2%80%ae", id="O233-right-to-left"),
        pytest.param("%7f", id="O233-delete"),
    ],
)
def test_names_that_act_on_terminals_are_400(attack: Attack, name: str) -> None:
    answer = attack.send("GET", f"{POD}/{name}")
    attack.refused(answer, 400)
    assert not re.search(rb"[\x00-\x08\x0b-\x1f\x7f]", answer.body)


def test_o234_markup_in_a_name_is_escaped(attack: Attack) -> None:
    answer = attack.send("GET", f"{POD}/%3Cscript%3E")
    attack.refused(answer, 400, 403, 404)
    assert b"<script>" not in answer.body
    assert answer.get("X-Content-Type-Options") == "nosniff"
