"""A store of custom resources for tests: namespaces with postern's rights in them, replicas over them,
and what somebody with kubectl may try.

    store = ResourceStore(cluster, "forge")
    one = store.replica(authority, folder / "one")
"""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml
from cluster import Cluster
from documents import ACCESS
from harness import SOURCE, KubeCluster, Postern, User
from pki import Authority

FILES = SOURCE / "charts" / "postern" / "files"
API = "/apis/access.postern.dev/v1alpha1"
POD = "/api/v1/namespaces/dev/pods/nginx-1"
GROUP = "store.postern.dev"
RESOURCES = ("accessrequests", "accessroles", "accessusers", "logins", "sessions", "marks")
ROLES = ACCESS
USERS = [User(name) for name in ("alice", "bob", "root", "carol", "dave")]


def install_definitions(cluster: Cluster) -> None:
    files = [f"--filename={path}" for path in sorted((FILES / "crds").glob("*.yaml"))]
    cluster.kubectl("apply", "--server-side", *files)
    names = [f"crd/{resource}.{GROUP}" for resource in RESOURCES]
    cluster.kubectl("wait", "--for=condition=Established", *names, "--timeout=30s")


class ResourceStore:
    """A namespace of a cluster in which postern's service account keeps its objects."""

    def __init__(self, cluster: Cluster, name: str, *, rights: bool = True) -> None:
        self.cluster = cluster
        self.namespace = name if name == "postern" else f"store-{name}"
        cluster.postern_kubeconfig  # noqa: B018  makes the service account
        if name != "postern":
            cluster.kubectl("create", "namespace", self.namespace)
        if rights:
            self.grant()

    def role(self) -> dict[str, Any]:
        """The chart's file, for this namespace."""
        role = yaml.safe_load((FILES / "rbac" / "store-role.yaml").read_text())
        role["metadata"]["namespace"] = self.namespace
        return dict(role)

    def grant(self, role: dict[str, Any] | None = None) -> None:
        """Exactly the rights of the chart's file, or of another role."""
        role = role or self.role()
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "postern-store", "namespace": self.namespace},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "postern-store"},
            "subjects": [{"kind": "ServiceAccount", "name": "postern", "namespace": "postern"}],
        }
        self.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all([role, binding]))

    def kubectl(self, *args: str, **options: Any) -> "subprocess.CompletedProcess[Any]":
        """As the cluster's administrator."""
        return self.cluster.kubectl("-n", self.namespace, *args, **options)

    def object(self, resource: str, name: str) -> dict[str, Any]:
        found = self.kubectl("get", f"{resource}.{GROUP}", name, "-o", "json")
        return dict(json.loads(found.stdout))

    def objects(self, resource: str) -> list[dict[str, Any]]:
        return list(json.loads(self.kubectl("get", f"{resource}.{GROUP}", "-o", "json").stdout)["items"])

    def write(self, verb: str, manifest: dict[str, Any], **options: Any) -> "subprocess.CompletedProcess[Any]":
        """`verb`: create or replace. Without a resourceVersion it is taken whatever is there."""
        metadata = {k: v for k, v in manifest["metadata"].items() if k in ("name", "namespace", "labels")}
        text = json.dumps({**manifest, "metadata": metadata})
        return self.kubectl(verb, "-f", "-", stdin=text, **options)

    def replica(
        self, authority: Authority, folder: Path, documents: str = ROLES, *, kind: type[Postern] = Postern,
        **options: Any,
    ) -> Any:  # fmt: skip
        made = kind(
            folder, authority, clusters=[KubeCluster("mycluster", self.cluster.postern_kubeconfig)],
            documents=documents, users=USERS, **options,
        )  # fmt: skip
        made.config["storage"] = {"type": "kubernetes", "namespace": self.namespace}
        made.write_config()
        return made


class Caller:
    """Calls of the access API at one replica, by a user's static token or a session's."""

    def __init__(self, proxy: Postern, user: str | None, token: str | None = None) -> None:
        self.proxy = proxy
        self.user = user
        self.token = token

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        fields = [("Content-Type", "application/json")] if body else []
        if self.token:
            fields.append(("Authorization", f"Bearer {self.token}"))
        data = json.dumps(body).encode() if body else None
        target = path if path.startswith("/") else f"{API}/{path}"
        return self.proxy.ask(None if self.token else self.user, method, target, fields, data)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.ask(method, path, body)
        assert answer.status < 300, answer.body
        return json.loads(answer.body)

    def status(self, path: str) -> int:
        return int(self.ask("GET", path).status)

    def file(self) -> dict[str, Any]:
        spec = {"resources": ["/postern.test/pod/mycluster/dev/*"], "maxDuration": "1h"}
        return dict(self.call("POST", "accessrequests", {"spec": spec}))

    def review(self, request: dict[str, Any], decision: str = "Approve") -> None:
        spec = {"decision": decision, "uid": request["metadata"]["uid"],
                "effectiveDigest": request["status"]["effectiveDigest"]}  # fmt: skip
        self.call("POST", f"accessrequests/{request['metadata']['name']}/reviews", {"spec": spec})

    def session(self, *requests: str) -> "Caller":
        made = self.call("POST", "sessions", {"spec": {"requests": list(requests)}})
        return Caller(self.proxy, None, made["status"]["token"])

    def at(self, proxy: Postern) -> "Caller":
        """The same person at another replica."""
        return Caller(proxy, self.user, self.token)
