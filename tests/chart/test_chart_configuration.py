"""Configuration: postern itself accepts what the chart renders."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml
from helm import CI_VALUES, SOURCE, Helm, configuration, find
from pki import Authority, write_kubeconfig

def binary() -> Path:
    """The program under test: $POSTERN_BINARY or the release build."""
    return Path(os.environ.get("POSTERN_BINARY") or SOURCE / "build" / "postern")


@pytest.fixture(scope="module")
def pod_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a pod would have: a folder that stands for its root."""
    root = tmp_path_factory.mktemp("root")
    authority = Authority(root, "ca", "chart tests")
    pair = authority.issue("tls", "postern")
    for folder in ("etc/postern/tls", "run/certificates"):
        (root / folder).mkdir(parents=True)
        (root / folder / "tls.crt").write_bytes(pair.cert_file.read_bytes())
        (root / folder / "tls.key").write_bytes(pair.key_file.read_bytes())
    account = root / "var/run/secrets/kubernetes.io/serviceaccount"
    account.mkdir(parents=True)
    (account / "ca.crt").write_bytes(authority.cert_file.read_bytes())
    (account / "token").write_text("a.projected.token\n")
    (root / "etc/postern/clusters/there").mkdir(parents=True)
    write_kubeconfig(
        root / "etc/postern/clusters/there/kubeconfig",
        name="admin", server="https://192.0.2.1:6443", ca_file=authority.cert_file, token="t",
    )  # fmt: skip
    (root / "etc/postern/tokens").mkdir()
    (root / "etc/postern/tokens/tokens.csv").write_text("0123456789abcdef,alice,1\n")
    (root / "etc/postern/roles-0").mkdir()
    (root / "etc/postern/roles-0/roles.yaml").write_text(
        "kind: user\nversion: v2\nmetadata: {name: bob}\nspec: {roles: [access]}\n"
    )
    return root


def check(text: str, root: Path, folder: Path) -> "subprocess.CompletedProcess[str]":
    """`postern proxy --check-config` of a rendered configuration, with the pod's paths under `root`;
    the cluster that the pod would run in is one by kubeconfig."""
    moved = re.sub(r"(?<=[ \"])/(etc/postern|run/certificates|var/lib/postern)", rf"{root}/\1", text)
    config = yaml.safe_load(moved)
    kubeconfig = root / "in-cluster.kubeconfig"
    ca_file = root / "var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
    write_kubeconfig(kubeconfig, name="in", server="https://10.96.0.1:443", ca_file=ca_file, token="t")
    for cluster in config["kubeClusters"]:
        if cluster.pop("inCluster", False):
            cluster["kubeconfig"] = str(kubeconfig)
    (folder / "postern.yaml").write_text(yaml.safe_dump(config, sort_keys=False))
    return subprocess.run(
        [str(binary()), "proxy", "--config", str(folder / "postern.yaml"), "--check-config"],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("values", CI_VALUES, ids=lambda path: path.stem)
def test_postern_takes_the_configuration(helm: Helm, values: Path, pod_files: Path, tmp_path: Path) -> None:
    objects = helm.render("-f", values)
    name = next(o["metadata"]["name"] for o in objects if "postern.yaml" in o.get("data", {}))
    text = find(objects, "ConfigMap", name)["data"]["postern.yaml"]
    roles = [o["data"]["roles.yaml"] for o in objects if "roles.yaml" in o.get("data", {})]
    (pod_files / "etc/postern/roles").mkdir(exist_ok=True)
    (pod_files / "etc/postern/roles/roles.yaml").write_text(roles[0] if roles else "")
    done = check(text, pod_files, tmp_path)
    assert done.returncode == 0, done.stderr
    in_force = yaml.safe_load(done.stdout)
    assert in_force["clusterName"] == configuration(objects)["clusterName"]
    assert in_force["listen"] == configuration(objects)["listen"]


def test_postern_refuses_what_it_does_not_know(helm: Helm, pod_files: Path, tmp_path: Path) -> None:
    """Else the test above would prove nothing."""
    made = configuration(helm.render("--set", "config.storage.type=memory")) | {"unheardOf": 1}
    done = check(yaml.safe_dump(made), pod_files, tmp_path)
    assert done.returncode == 2 and "unheardOf" in done.stderr
