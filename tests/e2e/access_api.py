"""The access API for tests: a proxy whose people ask and decide, and calls in their names."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from cluster import Cluster
from conftest import As
from documents import READ_ACCESS
from harness import KubeCluster, Postern, User
from pki import Authority
from raw_http import Cut, RawClient

GROUP = "access.postern.dev"
API = f"{GROUP}/v1alpha1"
ROOT = f"/apis/{API}"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"

NAMES = ("alice", "bob", "eve", "root")


def request_for(name: str = "nginx-*", **more: Any) -> dict[str, Any]:
    spec = {"resources": [f"/postern.test/pod/mycluster/dev/{name}"], "reason": "the site is down"}
    return {
        "apiVersion": API,
        "kind": "AccessRequest",
        "metadata": {"generateName": "fire-"},
        "spec": spec | more,
    }


@pytest.fixture(scope="module")
def proxy(
    authority: Authority, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postern]:
    with Postern(
        tmp_path_factory.mktemp("access-api"),
        authority,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig, {"env": "test"})],
        documents=READ_ACCESS,
        users=[User(name) for name in NAMES],
    ) as running:
        yield running


@pytest.fixture(scope="module")
def person(proxy: Postern, cluster: Cluster) -> Callable[[str], As]:
    return lambda name: As(cluster, proxy.kubeconfig(name))


@pytest.fixture
def alice(person: Callable[[str], As]) -> As:
    return person("alice")


@pytest.fixture
def bob(person: Callable[[str], As]) -> As:
    return person("bob")


@pytest.fixture
def root(person: Callable[[str], As]) -> As:
    return person("root")


def create(who: As, document: dict[str, Any], *args: str) -> str:
    """`kubectl create -f -`; the name that it printed."""
    done = who("create", "-f", "-", *args, "-o", "name", stdin=yaml.safe_dump(document))
    return str(done.stdout).strip().rsplit("/", 1)[-1]


def refused(who: As, document: dict[str, Any], *args: str) -> str:
    done = who("create", "-f", "-", *args, stdin=yaml.safe_dump(document), check=False)
    assert done.returncode == 1, done.stdout
    return str(done.stderr)


def approve(proxy: Postern, who: str, name: str, decision: str = "Approve") -> dict[str, Any]:
    seen = get(proxy, who, f"accessrequests/{name}")
    spec = {
        "decision": decision,
        "uid": seen["metadata"]["uid"],
        "effectiveDigest": seen["status"]["effectiveDigest"],
    }
    return post(proxy, who, f"accessrequests/{name}/reviews", {"spec": spec})


def get(proxy: Postern, who: str, path: str, accept: str = "application/json") -> dict[str, Any]:
    answer = proxy.ask(who, "GET", f"{ROOT}/{path}", [("Accept", accept)])
    return json.loads(answer.body)


def post(proxy: Postern, who: str, path: str, document: dict[str, Any]) -> dict[str, Any]:
    fields = [("Content-Type", "application/json")]
    answer = proxy.ask(who, "POST", f"{ROOT}/{path}", fields, json.dumps(document).encode())
    return json.loads(answer.body)


def last_event(client: RawClient) -> Any:
    """Reads a watch to its clean end."""
    event = None
    try:
        while True:
            event = client.read_event()
    except Cut as cut:
        assert cut.got == b"", "the watch broke off"
    return event
