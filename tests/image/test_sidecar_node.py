"""The example of a dashboard with postern beside it, where both run, and as the example's README says it.

The dashboard is `kubectl proxy`: like any other it has the example's kubeconfig, and passes the token of its user on
with each request.
"""

import http.client
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from chart_world import ChartWorld
from cluster import Cluster
from helm import Helm, dashboard_example
from oci_image import write_image
from streams import port_forward

NAMESPACE = "dashboard"
IMAGE = "postern.test/kubectl:1"
PODS = "/api/v1/namespaces/dev/pods"
KUBECTL = ["/bin/kubectl", "--kubeconfig=/etc/dashboard/kubeconfig"]
VALUES = {
    "image": IMAGE,
    "args": [*KUBECTL, "proxy", "--address=0.0.0.0", "--port=4466", "--accept-hosts=.*"],
    "postern": {"image": {"repository": "postern.test/postern", "tag": "1", "pullPolicy": "Never"}},
}


@pytest.fixture(scope="module")
def cluster(world: ChartWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """With the example installed in a namespace that enforces Pod Security `restricted`."""
    folder, cluster = tmp_path_factory.mktemp("sidecar"), world.cluster
    kubectl = cluster.kubectl_program.resolve()
    cluster.real_node.import_image(write_image(folder / "kubectl.tar", IMAGE, {"bin/kubectl": kubectl}, KUBECTL[:1]))
    cluster.kubectl("create", "namespace", NAMESPACE)
    cluster.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted")
    helm = Helm(folder / "helm", cluster.kubeconfig)
    example = dashboard_example(helm, folder)
    helm("install", "look", example, "-n", NAMESPACE, "--wait", "--timeout=60s", "--values", "-",
         stdin=yaml.safe_dump(VALUES))  # fmt: skip
    for name in ("alice", "bob"):
        cluster.kubectl("create", "serviceaccount", name, "-n", "dev")
    yield cluster
    helm("uninstall", "look", "-n", NAMESPACE)


@pytest.fixture(scope="module")
def port(cluster: Cluster) -> Iterator[int]:
    """Of the dashboard, on this machine."""
    with port_forward(cluster, NAMESPACE, "service/look-dashboard", 80) as local:
        yield local


def token(cluster: Cluster, name: str, audience: str = "postern") -> str:
    asked = ("create", "token", name, "-n", "dev", f"--audience={audience}")
    return str(cluster.kubectl(*asked).stdout).strip()


def ask(port: int, path: str, token: str = "") -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def test_everybody_sees_in_it_what_their_roles_cover(cluster: Cluster, port: int) -> None:
    alice = token(cluster, "alice")
    status, listed = ask(port, PODS, alice)
    assert status == 200, listed['message']
    assert {pod["metadata"]["name"] for pod in listed["items"]} == {"web-1", "web-2"}
    assert ask(port, "/api/v1/namespaces/kube-system/pods", alice)[0] == 403
    assert ask(port, PODS, token(cluster, "bob"))[0] == 404  # no document names him: there is no cluster for him
    event = cluster.wait_for_audit(lambda e: e.get("impersonatedUser", {}).get("username", "").endswith("dev:alice"))
    assert event["user"]["username"] == f"system:serviceaccount:{NAMESPACE}:look-postern-impersonator"


def test_without_their_token_it_is_401(cluster: Cluster, port: int) -> None:
    for path in (PODS, "/version", "/api"):
        status, said = ask(port, path)
        assert (status, said["reason"]) == (401, "Unauthorized"), path
    assert ask(port, PODS, token(cluster, "alice", "another"))[0] == 401


def test_the_dashboard_itself_is_nobody(cluster: Cluster) -> None:
    pod = ("-n", NAMESPACE, "deploy/look-dashboard", "-c", "dashboard", "--")
    done = cluster.kubectl("exec", *pod, *KUBECTL, "get", "--raw", PODS, check=False)
    assert done.returncode == 1 and "Unauthorized" in done.stderr, done
