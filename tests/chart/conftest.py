"""Fixtures of the chart's tests: helm alone, and helm at a cluster whose pods kwok plays."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster
from helm import Helm

FOREIGN_KINDS = Path(__file__).resolve().parent / "foreign-crds.yaml"
NAMESPACES = ("postern", "monitoring")


@pytest.fixture(scope="session")
def helm(tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """Without any cluster."""
    return Helm(tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def chart_cluster() -> Iterator[Cluster]:
    """A cluster with a scheduler, the kinds of cert-manager and of the Prometheus operator, and a
    namespace that enforces Pod Security `restricted`."""
    with Cluster(name="chart", scheduler=True) as running:
        running.apply(FOREIGN_KINDS)
        running.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
        for name in NAMESPACES:
            restricted = {"pod-security.kubernetes.io/enforce": "restricted"}
            metadata = {"name": name, "labels": restricted}
            namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
            running.create("/api/v1/namespaces", namespace)
        yield running


@pytest.fixture(scope="session")
def cluster_helm(chart_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    """helm as the cluster's administrator."""
    return Helm(tmp_path_factory.mktemp("cluster-helm"), chart_cluster.kubeconfig)
