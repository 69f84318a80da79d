"""Sidecar: another chart that runs postern beside its own program (examples/sidecar-dashboard).

Where both run: tests/image/test_sidecar_node.py."""

from pathlib import Path

import pytest
import yaml
from cluster import Cluster
from helm import Helm, HelmError, Object, configuration, dashboard_example, find, find_all, with_namespace


@pytest.fixture(scope="module")
def dashboard(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return dashboard_example(helm, tmp_path_factory.mktemp("example"))


@pytest.fixture(scope="module")
def objects(helm: Helm, dashboard: Path) -> list[Object]:
    return helm.render(chart=dashboard, release="look")


def test_lint(helm: Helm, dashboard: Path) -> None:
    helm("lint", "--strict", dashboard)


def test_the_api_server_takes_it(objects: list[Object], chart_cluster: Cluster) -> None:
    """In a namespace that enforces Pod Security `restricted`."""
    template = find(objects, "Deployment")["spec"]["template"]
    spec = {**template["spec"], "serviceAccountName": "default"}  # that one exists
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "look", **template["metadata"]}, "spec": spec}
    text = yaml.safe_dump_all(with_namespace([*objects, pod]))
    done = chart_cluster.kubectl("apply", "--dry-run=server", "--validate=strict", "-f", "-", stdin=text)
    assert len(done.stdout.splitlines()) == len(objects) + 1
    assert "would violate PodSecurity" not in done.stderr


def test_one_pod_and_no_way_in_but_the_dashboards(objects: list[Object]) -> None:
    assert [o["metadata"]["name"] for o in find_all(objects, "Deployment")] == ["look-dashboard"]
    assert [o["metadata"]["name"] for o in find_all(objects, "Service")] == ["look-dashboard"]
    config = configuration(objects)
    assert config["loopbackListen"] == "127.0.0.1:6443"
    assert config["listen"].startswith("127.0.0.1:")
    spec = find(objects, "Deployment")["spec"]["template"]["spec"]
    (postern,) = spec["initContainers"]
    assert [p["name"] for p in postern["ports"]] == ["http-metrics"]
    assert postern["restartPolicy"] == "Always"
    kubeconfig = yaml.safe_load(find(objects, "ConfigMap", "look-kubeconfig")["data"]["kubeconfig"])
    assert kubeconfig["clusters"][0]["cluster"] == {"server": "http://127.0.0.1:6443"}
    assert kubeconfig["users"][0]["user"] == {}


def test_the_dashboard_has_no_token(objects: list[Object]) -> None:
    spec = find(objects, "Deployment")["spec"]["template"]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["serviceAccountName"] == "look-postern"
    mounts = {c["name"]: {m["name"] for m in c["volumeMounts"]} for c in spec["containers"] + spec["initContainers"]}
    assert "kube-api-access" in mounts["postern"]
    assert mounts["dashboard"] == {"kubeconfig"}
    volumes = {v["name"] for v in spec["volumes"]}
    assert mounts["postern"] | mounts["dashboard"] == volumes


def test_only_a_sidecar_can_be_included(helm: Helm, dashboard: Path) -> None:
    with pytest.raises(HelmError, match="has to set kind: Sidecar"):
        helm.render("--set", "postern.kind=Deployment", chart=dashboard)


def test_typos_in_the_parents_values_are_refused(helm: Helm, dashboard: Path) -> None:
    with pytest.raises(HelmError, match="'impersonations' not allowed"):
        helm.render("--set", "postern.impersonations.mode=legacy", chart=dashboard)
    helm.render("--set", "global.anything=1", "--set", "postern.enabled=true", chart=dashboard)
