"""Ten thousand pods, of which a hundred are visible: pages, tables, watches, memory."""

import base64
import http.client
import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster
from conftest import As
from harness import KubeCluster, Postern, User
from pki import Authority
from raw_http import wait_for

ALL = 10_000
EVERY = 100  # one of so many is visible
ETCD_MOST = 128  # operations in a transaction of etcd's
HIDDEN = b"hidden-"  # no hexadecimal digits: what begins like a uid is found in one by chance
PATH = "/api/v1/namespaces/many/pods"
DOCUMENTS = """
kind: role
version: v7
metadata: {name: few}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [viewers]
    kubernetes_resources:
    - {kind: pod, namespace: many, name: 'seen-*', verbs: [get, list, watch]}
---
kind: user
version: v2
metadata: {name: alice}
spec: {roles: [few]}
"""


def name(number: int) -> str:
    return f"seen-{number:05d}" if number % EVERY == 0 else f"hidden-{number:05d}"


def fill(cluster: Cluster) -> None:
    """Puts the pods where the API server keeps its objects; one by one through it would take twenty seconds."""
    etcd = http.client.HTTPConnection("127.0.0.1", cluster.layout.ports["etcd"], timeout=60)
    for first in range(0, ALL, ETCD_MOST):
        puts = [put(number) for number in range(first, min(first + ETCD_MOST, ALL))]
        etcd.request("POST", "/v3/kv/txn", json.dumps({"success": puts}))
        answer = etcd.getresponse()
        said = answer.read()
        assert answer.status == 200 and json.loads(said)["succeeded"], said
    etcd.close()


def put(number: int) -> dict[str, Any]:
    """An operation of an etcd transaction."""
    pod = {
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name(number), "namespace": "many", "uid": str(uuid.uuid4()),
                     "annotations": {"text": "x" * 500},
                     "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"containers": [{"name": "main", "image": "x"}]}, "status": {"phase": "Pending"},
    }  # fmt: skip
    key = f"/registry/pods/many/{name(number)}"
    encoded = {"key": key.encode(), "value": json.dumps(pod).encode()}
    return {"requestPut": {part: base64.b64encode(text).decode() for part, text in encoded.items()}}


@pytest.fixture(scope="module")
def many() -> Iterator[Cluster]:
    with Cluster(name="many", nodes=["n1"]) as running:
        running.create("/api/v1/namespaces", {"metadata": {"name": "dev"}})
        running.apply("rbac.yaml", "postern-rbac.yaml")
        running.create("/api/v1/namespaces", {"metadata": {"name": "many"}})
        fill(running)
        wait_for("the API server to have them all", lambda: (
            running.request("GET", f"{PATH}?limit=1")[1]["metadata"].get("remainingItemCount") == ALL - 1), 60)
        yield running


@pytest.fixture(scope="module")
def postern(
    many: Cluster, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postern]:
    clusters = [KubeCluster("mycluster", many.postern_kubeconfig)]
    folder: Path = tmp_path_factory.mktemp("many")
    with Postern(folder, authority, clusters=clusters, documents=DOCUMENTS, users=[User("alice")]) as made:
        yield made


EXPECTED = [name(number) for number in range(0, ALL, EVERY)]


def test_the_cluster_has_them_all(many: Cluster) -> None:
    listed = many.request("GET", f"{PATH}?limit=1")[1]
    assert listed["metadata"]["remainingItemCount"] == ALL - 1


@pytest.mark.parametrize("limit", ["", "?limit=500", "?limit=7"], ids=["whole", "500", "7"])
def test_every_page_size_shows_the_same(postern: Postern, limit: str) -> None:
    seen: list[str] = []
    target, pages = f"{PATH}{limit}", 0
    while target:
        answer = postern.ask("alice", "GET", target)
        assert answer.status == 200 and answer.complete, answer.start_line
        assert HIDDEN not in answer.body and b"remainingItemCount" not in answer.body
        body = answer.json()
        if limit:
            assert len(body["items"]) <= int(limit.removeprefix("?limit="))
        seen += [item["metadata"]["name"] for item in body["items"]]
        token = body["metadata"].get("continue")
        target = f"{PATH}{limit}&continue={token}" if token else ""
        pages += 1
    assert seen == EXPECTED
    assert pages <= ALL // EVERY // 7 + 3


def test_kubectl_sees_them_page_by_page(many: Cluster, postern: Postern) -> None:
    alice = As(many, postern.kubeconfig("alice", namespace="many"))
    shown = alice("get", "pods", "--no-headers").stdout.splitlines()
    assert [line.split()[0] for line in shown] == EXPECTED
    shown = alice("get", "pods", "--no-headers", "--chunk-size=13", "-o", "name").stdout.split()
    assert shown == [f"pod/{one}" for one in EXPECTED]


def test_a_whole_list_costs_little_memory(postern: Postern) -> None:
    postern.ask("alice", "GET", PATH)
    before = postern.memory()
    for _ in range(5):
        postern.ask("alice", "GET", PATH)
    assert postern.memory() - before < 32 * 1024 * 1024


def test_a_watch_begins_with_the_visible(postern: Postern) -> None:
    query = "watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    with postern.client(timeout=60) as client:
        client.send(postern.request("alice", "GET", f"{PATH}?{query}"))
        assert client.read_head().status == 200
        seen = []
        while (event := client.read_event())["type"] == "ADDED":
            seen.append(event["object"]["metadata"]["name"])
    assert event["type"] == "BOOKMARK" and sorted(seen) == EXPECTED
