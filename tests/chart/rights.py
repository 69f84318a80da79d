"""Service accounts of a release, as the API server knows them."""

import http.client
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cluster import Cluster
from helm import Object

RIGHTS = ("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
GROUPS = ("dev-team", "viewers", "auditors", "on-call")
EVERYBODY = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
             "metadata": {"name": "everybody-may-do-everything"},
             "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
             "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}
                          for name in (*GROUPS, "others")]}  # fmt: skip
PODS = "/api/v1/namespaces/default/pods"
Headers = list[tuple[str, str]]


def acting_as(user: str, *groups: str, extra: str = "", uid: str = "") -> Headers:
    """The header fields that postern sends; those of a test besides."""
    fields = [("Impersonate-User", user), *(("Impersonate-Group", group) for group in groups)]
    if extra:
        fields.append((f"Impersonate-Extra-{extra.replace('/', '%2f')}", "s5e59ngdsd"))
    return fields + ([("Impersonate-Uid", uid)] if uid else [])


ALICE = acting_as("alice", "dev-team", "system:authenticated")


@dataclass
class Account:
    """A service account at the API server."""

    cluster: Cluster
    name: str
    token: str

    def ask(
        self, headers: Headers, method: str = "GET", path: str = PODS, body: Object | None = None
    ) -> tuple[int, Any]:
        layout = self.cluster.layout
        connection = http.client.HTTPSConnection(
            layout.address, layout.ports["api"], timeout=30,
            context=ssl.create_default_context(cafile=str(self.cluster.ca_file)),
        )  # fmt: skip
        try:
            connection.putrequest(method, path)
            data = b"" if body is None else json.dumps(body).encode()
            fields = [("Authorization", f"Bearer {self.token}"), ("Content-Type", "application/json"),
                      ("Content-Length", str(len(data)))]  # fmt: skip
            for name, value in fields + headers:
                connection.putheader(name, value)
            connection.endheaders(data)
            answer = connection.getresponse()
            text = answer.read().decode()
            return answer.status, json.loads(text) if text.startswith("{") else text
        finally:
            connection.close()

    def refuses(self, headers: Headers, **request: Any) -> str:
        """The words of the API server's 403."""
        status, answer = self.ask(headers, **request)
        assert status == 403, (status, answer)
        return str(answer["message"])


@dataclass
class Installed:
    """The service accounts of a release whose rights were applied."""

    pods: Account
    impersonator: Account


Install = Callable[..., Installed]
"""(release, **impersonation) → its accounts, with their rights in force."""
