"""helm, and what the chart makes of values."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import build_tools
import yaml

SOURCE = Path(__file__).resolve().parents[2]
CHART = SOURCE / "charts" / "postern"
CI_VALUES = sorted((CHART / "ci").glob("*-values.yaml"))

WITHOUT_NAMESPACE = {"ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "FlowSchema",
                     "PriorityLevelConfiguration", "ValidatingAdmissionPolicy",
                     "ValidatingAdmissionPolicyBinding"}  # fmt: skip

Object = dict[str, Any]


class HelmError(Exception):
    """helm ended with another code than 0; its stderr."""


class Helm:
    """helm 4 with a home of its own; at a cluster when it has a kubeconfig."""

    def __init__(self, home: Path, kubeconfig: Path | None = None) -> None:
        self.program = build_tools.ensure(["helm"])["helm"]
        self._rendered: dict[tuple[str, ...], str] = {}
        self.environment = {
            **os.environ,
            **{f"HELM_{kind}_HOME": str(home / kind.lower()) for kind in ("CACHE", "CONFIG", "DATA")},
            "KUBECONFIG": str(kubeconfig or home / "no-kubeconfig"),
        }

    def __call__(self, *args: str | Path, stdin: str | None = None, timeout: float = 90) -> str:
        """Runs helm to its end; what it printed, or HelmError."""
        done = subprocess.run(
            [str(self.program), *map(str, args)],
            input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
            env=self.environment,
        )  # fmt: skip
        if done.returncode != 0:
            raise HelmError(f"{done.stderr}\n{done.stdout}")
        return done.stdout

    def render(
        self,
        *args: str | Path,
        values: Object | None = None,
        chart: Path = CHART,
        release: str = "postern",
        namespace: str = "postern",
    ) -> list[Object]:
        """`helm template`: the objects. `values` go over those of files in `args`.

        The same question is put to helm once.
        """
        given = () if values is None else ("-f", "-")
        stdin = "" if values is None else yaml.safe_dump(values)
        command = ("template", release, str(chart), "-n", namespace, *map(str, args), *given)
        if (*command, stdin) not in self._rendered:
            self._rendered[(*command, stdin)] = self(*command, stdin=stdin)
        text = self._rendered[(*command, stdin)]
        return [document for document in yaml.safe_load_all(text) if document]


def dashboard_example(helm: Helm, root: Path) -> Path:
    """examples/sidecar-dashboard with its dependency, in a copy below `root`."""
    example = root / "examples" / "sidecar-dashboard"
    shutil.copytree(SOURCE / "examples" / "sidecar-dashboard", example,
                    ignore=shutil.ignore_patterns("charts", "Chart.lock"))  # fmt: skip
    shutil.copytree(CHART, root / "charts" / "postern")
    helm("dependency", "build", example)
    return example


def with_namespace(objects: Sequence[Object], namespace: str = "postern") -> list[Object]:
    """helm gives its namespace to what names none."""
    made = []
    for one in objects:
        own = {} if one["kind"] in WITHOUT_NAMESPACE else {"namespace": namespace}
        made.append({**one, "metadata": {**own, **one["metadata"]}})
    return made


def find(objects: Sequence[Object], kind: str, name: str | None = None) -> Object:
    """The one object of a kind (and name); AssertionError for none or several."""
    found = find_all(objects, kind, name)
    assert len(found) == 1, (kind, name, [f["metadata"]["name"] for f in found])
    return found[0]


def find_all(objects: Sequence[Object], kind: str, name: str | None = None) -> list[Object]:
    return [o for o in objects if o["kind"] == kind and name in (None, o["metadata"]["name"])]


def configuration(objects: Sequence[Object]) -> Object:
    """The ProxyConfiguration of rendered objects."""
    maps = [o for o in find_all(objects, "ConfigMap") if "postern.yaml" in o.get("data", {})]
    assert len(maps) == 1
    parsed = yaml.safe_load(maps[0]["data"]["postern.yaml"])
    assert isinstance(parsed, dict)
    return parsed


def pod_spec(objects: Sequence[Object]) -> Object:
    """The pod of the Deployment or DaemonSet."""
    workloads = [o for o in objects if o["kind"] in ("Deployment", "DaemonSet")]
    assert len(workloads) == 1
    spec = workloads[0]["spec"]["template"]["spec"]
    assert isinstance(spec, dict)
    return spec


def container(objects: Sequence[Object]) -> Object:
    """postern's container in it."""
    found = [c for c in pod_spec(objects)["containers"] if c["name"] == "postern"]
    assert len(found) == 1
    return dict(found[0])
