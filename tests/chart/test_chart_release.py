"""Releases: install, upgrade, rollback, test and uninstall at a cluster whose pods kwok plays."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import yaml
from cluster import Cluster
from helm import CHART, CI_VALUES, Helm, HelmError

HA = next(path for path in CI_VALUES if path.name == "ha-values.yaml")
# kwok makes Ready whatever is scheduled; the one node of the test cluster takes all of it.
SMALL = ("--set", "resources.requests.cpu=1m", "--set", "priorityClassName=")


def get(cluster: Cluster, *args: str, namespace: str = "postern") -> Any:
    return json.loads(cluster.kubectl("get", *args, "-n", namespace, "-o", "json").stdout)


def names(cluster: Cluster, kinds: str, release: str, namespace: str = "postern") -> set[str]:
    label = f"app.kubernetes.io/instance={release}"
    found = get(cluster, kinds, "-l", label, namespace=namespace)["items"]
    return {f"{i['kind']}/{i['metadata']['name']}" for i in found}


KINDS = ("serviceaccounts,roles,rolebindings,configmaps,services,deployments,poddisruptionbudgets,"
         "clusterroles,clusterrolebindings")  # fmt: skip


def configuration(cluster: Cluster, release: str) -> Any:
    found = get(cluster, f"configmap/{release}-config")
    return yaml.safe_load(found["data"]["postern.yaml"])


def test_a_release_from_beginning_to_end(cluster_helm: Helm, chart_cluster: Cluster) -> None:
    helm, cluster, there = cluster_helm, chart_cluster, ("-n", "postern")
    said = helm("install", "postern", CHART, *there, *SMALL, "--wait", "--timeout", "60s")
    assert "STATUS: deployed" in said and "kubectl -n postern rollout status deployment/postern" in said
    assert get(cluster, "deployment/postern")["status"]["readyReplicas"] == 1
    before = get(cluster, "pods", "-l", "app.kubernetes.io/instance=postern")["items"]

    helm("upgrade", "postern", CHART, *there, *SMALL, "-f", HA, "--wait", "--timeout", "60s")
    assert get(cluster, "deployment/postern")["status"]["readyReplicas"] == 3
    assert configuration(cluster, "postern")["clusterName"] == "postern.example.com"
    after = get(cluster, "pods", "-l", "app.kubernetes.io/instance=postern")["items"]
    hashes = {p["metadata"]["labels"]["pod-template-hash"] for p in after if "deletionTimestamp" not in p["metadata"]}
    assert hashes.isdisjoint(p["metadata"]["labels"]["pod-template-hash"] for p in before)
    assert get(cluster, "poddisruptionbudget/postern")["spec"]["minAvailable"] == 2

    helm("rollback", "postern", "1", *there, "--wait", "--timeout", "60s")
    assert configuration(cluster, "postern")["clusterName"] == "postern"
    assert get(cluster, "deployment/postern")["spec"]["replicas"] == 1
    history = json.loads(helm("history", "postern", *there, "-o", "json"))
    assert [entry["status"] for entry in history] == ["superseded", "superseded", "deployed"]

    with pods_of_tests_end(cluster, "Succeeded"):
        assert "Phase:          Succeeded" in helm("test", "postern", *there, "--timeout", "60s")
    assert not get(cluster, "pods", "-l", "app.kubernetes.io/component=test")["items"]
    with pods_of_tests_end(cluster, "Failed"), pytest.raises(HelmError, match="failed"):
        helm("test", "postern", *there, "--timeout", "60s")

    definitions = {i["metadata"]["name"] for i in get(cluster, "crds")["items"]}
    assert "accessrequests.store.postern.dev" in definitions
    helm("uninstall", "postern", *there, "--wait", "--timeout", "60s")
    assert names(cluster, KINDS, "postern") == set()
    kept = {i["metadata"]["name"] for i in get(cluster, "crds")["items"]}
    assert kept == definitions
    cluster.kubectl("delete", "pods", "-n", "postern", "-l", "app.kubernetes.io/component=test")


@contextmanager
def pods_of_tests_end(cluster: Cluster, phase: str) -> Iterator[None]:
    """Lets the pods of `helm test` end like that: kwok runs no programs."""
    patch = json.dumps({"status": {"phase": phase}})
    done = threading.Event()

    def play() -> None:
        while not done.is_set():
            for pod in get(cluster, "pods", "-l", "app.kubernetes.io/component=test")["items"]:
                if pod["status"]["phase"] == "Running":
                    name = f"pod/{pod['metadata']['name']}"
                    cluster.kubectl("patch", name, "-n", "postern", "--subresource=status", "--patch", patch,
                                    check=False)  # fmt: skip
            time.sleep(0.2)

    thread = threading.Thread(target=play)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_releases_side_by_side(cluster_helm: Helm, chart_cluster: Cluster) -> None:
    """Two in one namespace, and one of the same name in another: no object is shared."""
    helm, cluster = cluster_helm, chart_cluster
    releases = [("one", "postern"), ("two", "postern"), ("one", "monitoring")]
    for number, (release, namespace) in enumerate(releases):
        # The first one takes over the definitions that a release of before has left.
        more = ("--take-ownership",) if number == 0 else ("--set", "crds.enabled=false")
        helm("install", release, CHART, "-n", namespace, *SMALL, *more, "--wait", "--timeout", "60s")
    found = [names(cluster, KINDS, *where) for where in releases]
    assert all(len(objects) >= 8 for objects in found), found
    assert found[0].isdisjoint(found[1])
    theirs = "app.kubernetes.io/part-of=postern,app.kubernetes.io/instance in (one, two)"
    bindings = get(cluster, "clusterrolebindings", "-l", theirs)["items"]
    subjects = {(s["namespace"], s["name"]) for b in bindings for s in b["subjects"]}
    assert len(bindings) == 2 * len(releases) and len(subjects) == 2 * len(releases)
    helm("uninstall", "two", "-n", "postern", "--wait", "--timeout", "60s")
    assert names(cluster, KINDS, *releases[0]) == found[0]
    assert names(cluster, KINDS, *releases[2]) == found[2]
    with pytest.raises(HelmError, match="invalid ownership metadata"):
        helm("install", "three", CHART, "-n", "postern", *SMALL)
    for release, namespace in (releases[0], releases[2]):
        helm("uninstall", release, "-n", namespace, "--wait", "--timeout", "60s")


def test_every_node_has_its_pod(cluster_helm: Helm, chart_cluster: Cluster) -> None:
    helm, cluster = cluster_helm, chart_cluster
    form = ("--set", "kind=DaemonSet,crds.enabled=false")
    helm("install", "nodes", CHART, "-n", "postern", *SMALL, *form, "--wait", "--timeout", "60s")
    status = get(cluster, "daemonset/nodes-postern")["status"]
    assert status["numberReady"] == status["desiredNumberScheduled"] == len(cluster.nodes)
    helm("uninstall", "nodes", "-n", "postern", "--wait", "--timeout", "60s")
