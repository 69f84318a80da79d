"""Fixtures of the chart's tests: helm alone, and helm at a cluster whose pods kwok plays."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster
from helm import Helm
from process import wait_until
from rights import ALICE, EVERYBODY, GROUPS, RIGHTS, Account, Install, Installed

sys.path.append(str(Path(__file__).resolve().parents[1] / "e2e"))

FOREIGN_KINDS = Path(__file__).resolve().parent / "foreign-crds.yaml"
NAMESPACES = ("postern", "monitoring", "dev")


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


@pytest.fixture(scope="session")
def install(chart_cluster: Cluster, helm: Helm) -> Install:
    """Applies the rights of a release with these values, and waits until they are in force."""
    done: dict[str, Installed] = {}
    chart_cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(EVERYBODY))

    def made(release: str, **impersonation: Any) -> Installed:
        if release in done:
            return done[release]
        values = {"impersonation": {"groups": list(GROUPS), **impersonation}}
        objects = [o for o in helm.render(release=release, values=values) if o["kind"] in RIGHTS]
        chart_cluster.kubectl("apply", "--validate=strict", "-f", "-", stdin=yaml.safe_dump_all(objects))
        names = (f"{release}-postern", f"{release}-postern-impersonator")
        accounts = [Account(chart_cluster, n, chart_cluster.make_token(f"postern/{n}")) for n in names]
        done[release] = Installed(*accounts)
        wait_until("the rights are in force", lambda: accounts[1].ask(ALICE, path="/version")[0] == 200, 20)
        return done[release]

    return made
