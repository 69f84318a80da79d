"""What the behaviour tables' rows at a real API server share: a role and a user for each row, and how
what a list shows is written."""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from cluster import Cluster
from harness import KubeCluster, Postern, User
from pki import Authority

EVERYTHING = "{kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}"
JSON = "application/json"


def rule(kind: str, namespace: str, name: str, group: str = "", verbs: str = "['*']") -> str:
    """A rule of v8."""
    return f"{{kind: '{kind}', api_group: '{group}', namespace: '{namespace}', name: '{name}', verbs: {verbs}}}"


def rule_v7(kind: str, namespace: str, name: str, verbs: str = "['*']") -> str:
    return f"{{kind: '{kind}', namespace: '{namespace}', name: '{name}', verbs: {verbs}}}"


@dataclass(frozen=True)
class Role:
    """A role that is its user's only one; no rules: what its version gives by itself."""

    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    version: str = "v8"

    def document(self, name: str) -> str:
        text = (f"kind: role\nversion: {self.version}\nmetadata: {{name: {name}}}\nspec:\n  allow:\n"
                "    kubernetes_labels: {'*': '*'}\n    kubernetes_groups: [operators]\n")  # fmt: skip
        for rules, head in ((self.allow, ""), (self.deny, "  deny:\n")):
            if rules:
                text += f"{head}    kubernetes_resources:\n" + "".join(f"    - {one}\n" for one in rules)
        return (text + f"---\nkind: user\nversion: v2\nmetadata: {{name: {name}}}\n"
                f"spec: {{roles: [{name}], traits: {{namespaces: [default]}}}}\n---\n")  # fmt: skip


def behaviour_postern(authority: Authority, cluster: Cluster, folder: Path, roles: dict[str, Role]) -> Postern:
    """postern with a user of each role's name, not started yet."""
    return Postern(
        folder,
        authority,
        clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig)],
        documents="".join(role.document(name) for name, role in roles.items()),
        users=[User(name) for name in roles],
    )


def collection(prefix: str, namespace: str, plural: str) -> str:
    return f"{prefix}/namespaces/{namespace}/{plural}"


def create(cluster: Cluster, prefix: str, namespace: str, plural: str, name: str, more: dict[str, Any]) -> None:
    cluster.create(collection(prefix, namespace, plural), {"metadata": {"name": name}, **more})


def remove(cluster: Cluster, path: str) -> None:
    cluster.request("DELETE", path, {"gracePeriodSeconds": 0, "propagationPolicy": "Background"})


def names(items: Iterable[dict[str, Any]]) -> list[str]:
    """namespace/name of each, /name of what has no namespace."""
    return sorted(f"{i['metadata'].get('namespace', '')}/{i['metadata']['name']}" for i in items)


def selected(objects: list[str], globs: str) -> list[str]:
    """Those that one of the globs matches, and none of those behind a `!`."""
    wanted = [glob for glob in globs.split() if not glob.startswith("!")] or ["*"]
    hidden = [glob[1:] for glob in globs.split() if glob.startswith("!")]
    return [
        name
        for name in objects
        if any(fnmatchcase(name, glob) for glob in wanted) and not any(fnmatchcase(name, glob) for glob in hidden)
    ]
