"""postern that takes a cluster's own identities, for tests: TokenReview, the cluster's client CA, the plain
listener and two service accounts at once.

One real API server stands behind two names, `mycluster` and `other`, so that whatever the second
one answers would be an answer.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster
from harness import KubeCluster, Postern, User
from pki import Authority, write_kubeconfig

CI = "system:serviceaccount:dev:ci"
SHORTLIVED = "system:serviceaccount:dev:shortlived"
PODS = "/api/v1/namespaces/dev/pods"
SESSIONS = "/apis/access.postern.dev/v1alpha1/sessions"
REQUESTS = "/apis/access.postern.dev/v1alpha1/accessrequests"

ROLES = """
kind: role
version: v7
metadata: {name: nginx}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: pod, namespace: dev, name: 'nginx-*', verbs: [get, list, watch, exec]}
---
kind: role
version: v7
metadata: {name: searches}
spec:
  allow:
    request: {search_as_roles: [nginx]}
---
""" + "".join(
    f"kind: user\nversion: v2\nmetadata: {{name: '{name}'}}\nspec: {{roles: [{roles}]}}\n---\n"
    for name, roles in [
        ("alice", "nginx"), (CI, "nginx, searches"), ("carol", "nginx"), ("root", "editor")
    ]
)  # fmt: skip

# The two service accounts: postern's own without any right to impersonate, and the one that has it.
ACCOUNTS = """
apiVersion: v1
kind: ServiceAccount
metadata: {name: own, namespace: postern}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: impersonator, namespace: postern}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: identity-own}
rules:
- {apiGroups: [""], resources: [namespaces], resourceNames: [kube-system], verbs: [get]}
- {apiGroups: [authentication.k8s.io], resources: [tokenreviews], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: identity-own}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: identity-own}
subjects: [{kind: ServiceAccount, name: own, namespace: postern}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: identity-own, namespace: postern}
rules:
- {apiGroups: [""], resources: [serviceaccounts/token], resourceNames: [impersonator], verbs: [create]}
- {apiGroups: [""], resources: [events], verbs: [create]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: identity-own, namespace: postern}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: identity-own}
subjects: [{kind: ServiceAccount, name: own, namespace: postern}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: identity-own-ca, namespace: kube-system}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: extension-apiserver-authentication-reader}
subjects: [{kind: ServiceAccount, name: own, namespace: postern}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: identity-impersonator}
rules:
- {apiGroups: [""], resources: [users, groups, serviceaccounts], verbs: [impersonate]}
- {apiGroups: [authentication.k8s.io], resources: [userextras/access.postern.dev/request], verbs: [impersonate]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: identity-impersonator}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: identity-impersonator}
subjects: [{kind: ServiceAccount, name: impersonator, namespace: postern}]
"""
OWN = "system:serviceaccount:postern:own"
IMPERSONATOR = "system:serviceaccount:postern:impersonator"


def service_account(cluster: Cluster, name: str, namespace: str = "dev") -> None:
    cluster.kubectl("create", "serviceaccount", name, "-n", namespace)


def token_of(cluster: Cluster, name: str, *args: str, audience: str = "postern") -> str:
    audiences = (f"--audience={audience}",) if audience else ()
    done = cluster.kubectl("create", "token", name, "-n", "dev", *audiences, *args)
    return str(done.stdout).strip()


def bearer(token: str) -> list[tuple[str, str]]:
    return [("Authorization", f"Bearer {token}")]


@pytest.fixture(scope="module")
def identity_cluster(cluster: Cluster) -> Iterator[Cluster]:
    cluster.kubectl("apply", "--server-side", "-f", "-", stdin=ACCOUNTS)
    service_account(cluster, "ci")
    yield cluster
    cluster.kubectl("delete", "-f", "-", "--wait=false", stdin=ACCOUNTS)
    cluster.kubectl("delete", "serviceaccount", "ci", "-n", "dev")


@pytest.fixture(scope="module")
def own_kubeconfig(identity_cluster: Cluster) -> Path:
    token = identity_cluster.make_token("postern/own")
    return identity_cluster.write_kubeconfig("identity-own.kubeconfig", token=token)


@pytest.fixture(scope="module")
def proxy(
    identity_cluster: Cluster,
    own_kubeconfig: Path,
    authority: Authority,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Postern]:
    """Everything of this page at once, in front of the session's cluster."""
    made = Postern(
        tmp_path_factory.mktemp("identity"),
        authority,
        clusters=[KubeCluster("mycluster", own_kubeconfig), KubeCluster("other", own_kubeconfig)],
        documents=ROLES,
        users=[User("alice"), User("root")],
    )
    for entry in made.config["kubeClusters"]:
        entry["impersonator"] = {"serviceAccount": "impersonator", "namespace": "postern"}
    made.config["authentication"] |= {
        "tokenReview": {"kubeCluster": "mycluster", "cacheTTL": "1s"},
        "clusterClientCA": {"kubeCluster": "mycluster"},
    }
    made.config["impersonation"] = {"allowSystem": [CI, SHORTLIVED]}
    made.loopback_port = made._reservations.port()  # type: ignore[attr-defined]
    made.config["loopbackListen"] = f"127.0.0.1:{made.loopback_port}"  # type: ignore[attr-defined]
    made.config["loopbackHosts"] = ["api.sidecar.internal"]
    made.write_config()
    with made:
        yield made


@pytest.fixture(scope="module")
def ci_token(identity_cluster: Cluster) -> str:
    return token_of(identity_cluster, "ci")


def kubeconfig(proxy: Postern, name: str, token: str, path: str = "", server: str = "") -> Path:
    return write_kubeconfig(
        proxy.folder / f"{name}.kubeconfig",
        name="postern",
        server=server or f"https://127.0.0.1:{proxy.port}{path}",
        ca_file=proxy.ca_file,
        token=token,
        namespace="dev",
    )
