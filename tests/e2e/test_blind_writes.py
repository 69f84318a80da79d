"""Writes by somebody who may not read the object, at a real API server: its refusals quote what is stored,
and nothing of that comes through."""

import json

import pytest
from cluster import Cluster
from harness import Postern

POD = "/api/v1/namespaces/dev/pods/nginx-1"
BODY = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nginx-1"},
        "spec": {"containers": [{"name": "x", "image": "y"}]}}  # fmt: skip
# What the API server answers with the whole pod, with its differences, with its uid.
QUOTING = {
    "does-not-decode": ("PATCH", "application/merge-patch+json", {"spec": {"nodeName": 5}}),
    "json-patch-does-not-decode": (
        "PATCH", "application/json-patch+json", [{"op": "add", "path": "/spec/nodeName", "value": 5}]),
    "invalid": ("PUT", "application/json", BODY),
    "invalid-patch": ("PATCH", "application/strategic-merge-patch+json", {"spec": {"hostNetwork": True}}),
    "precondition": ("DELETE", "application/json", {"preconditions": {"uid": "0"}}),
}  # fmt: skip


@pytest.mark.parametrize("how", QUOTING)
def test_a_failed_write_without_get_quotes_nothing(postern: Postern, cluster: Cluster, how: str) -> None:
    stored = cluster.request("GET", POD)[1]
    method, content_type, body = QUOTING[how]
    answer = postern.ask("carol", method, POD, [("Content-Type", content_type)], json.dumps(body).encode())
    assert answer.status in (400, 409, 422), answer.body
    status = answer.json()
    assert status["kind"] == "Status" and status["reason"] in ("BadRequest", "Conflict", "Invalid")
    assert "verb get" in status["message"]
    for secret in (stored["metadata"]["uid"], "kube-api-access", "Tolerations", stored["spec"]["nodeName"] + '"'):
        assert secret not in answer.body.decode(), answer.body


def test_who_may_read_is_told_why(postern: Postern) -> None:
    method, content_type, body = QUOTING["invalid"]
    answer = postern.ask("alice", method, POD, [("Content-Type", content_type)], json.dumps(body).encode())
    assert answer.status == 422 and b"pod updates may not change" in answer.body


def test_what_is_about_the_request_is_told(postern: Postern) -> None:
    answer = postern.ask("carol", "DELETE", POD + "?propagationPolicy=Nonsense")
    assert answer.status == 422 and b"verb get" in answer.body
    answer = postern.ask("carol", "PUT", POD, [("Content-Type", "text/plain")], b"?")
    assert answer.status == 415, answer.body
