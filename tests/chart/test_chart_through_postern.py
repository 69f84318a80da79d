"""The chart's rights are enough for postern, and postern can do no more than they say.

A real postern has the token of the pods' service account and keeps everything in the cluster; calls in
users' names carry tokens that it asks for of the other account. alice's role allows more than the API
server lets postern impersonate for.
"""

import json
from collections.abc import Iterator

import pytest
import yaml
from cluster import Cluster
from harness import KubeCluster, Postern, User
from helm import Helm
from pki import Authority
from rights import Install, Installed

ROLE = """
kind: role
version: v8
metadata: {name: settings}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: configmaps, namespace: default, name: 'web-*', verbs: [get, list, watch, create, delete]}
---
kind: role
version: v8
metadata: {name: masters}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: ['operators']
    kubernetes_resources:
    - {kind: '*', api_group: '*', namespace: '*', name: '*', verbs: ['*']}
---
kind: user
version: v2
metadata: {name: alice}
spec: {roles: [settings]}
---
kind: user
version: v2
metadata: {name: oscar}
spec: {roles: [masters]}
---
"""
STORE = ("CustomResourceDefinition", "ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
READING = [{"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "list", "watch"]}]


@pytest.fixture(scope="module", params=["legacy", "constrained"])
def postern(
    request: pytest.FixtureRequest,
    install: Install,
    helm: Helm,
    chart_cluster: Cluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Postern]:
    mode = request.param
    accounts: Installed = install(f"through-{mode}", mode=mode, groups=["dev-team"], actions=READING)
    for name in ("web-1", "web-2", "db"):
        settings = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}}
        chart_cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump(settings))
    rendered = [o for o in helm.render(release=f"through-{mode}") if o["kind"] in STORE]
    chart_cluster.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(rendered))
    chart_cluster.kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=30s")
    kubeconfig = chart_cluster.write_kubeconfig(f"{accounts.pods.name}.kubeconfig", token=accounts.pods.token)
    folder = tmp_path_factory.mktemp(f"postern-{mode}")
    made = Postern(
        folder, Authority(folder, "ca", "chart tests"), clusters=[KubeCluster("local", kubeconfig)],
        documents=ROLE, users=[User("alice"), User("oscar")],
    )  # fmt: skip
    made.config["kubeClusters"][0]["impersonator"] = {
        "serviceAccount": accounts.impersonator.name, "namespace": "postern"
    }  # fmt: skip
    made.config["storage"] = {"type": "kubernetes", "namespace": "postern", "secretName": "postern-keys"}
    made.write_config()
    with made:
        made.mode = mode  # type: ignore[attr-defined]
        yield made
    for policy in (o for o in rendered if o["kind"] != STORE[0]):  # it would be the next one's, too
        chart_cluster.kubectl("delete", f"{policy['kind']}/{policy['metadata']['name']}")


def kubectl(cluster: Cluster, postern: Postern, user: str, *args: str) -> tuple[int, str]:
    done = cluster.kubectl(*args, "-n", "default", kubeconfig=postern.kubeconfig(user), check=False)
    return done.returncode, done.stdout + done.stderr


def test_reading_works(postern: Postern, chart_cluster: Cluster) -> None:
    code, said = kubectl(chart_cluster, postern, "alice", "get", "configmaps", "-o", "name")
    assert (code, said.split()) == (0, ["configmap/web-1", "configmap/web-2"])
    code, said = kubectl(chart_cluster, postern, "alice", "get", "configmap", "web-1", "-o", "yaml")
    assert code == 0 and "name: web-1" in said
    code, said = kubectl(chart_cluster, postern, "alice", "api-resources", "--api-group=apps", "-o", "name")
    assert code == 0 and "deployments.apps" in said
    code, said = kubectl(chart_cluster, postern, "alice", "auth", "can-i", "get", "configmaps/web-1")
    assert (code, said.strip()) == (0, "yes")
    code, said = kubectl(chart_cluster, postern, "alice", "explain", "configmap.data")
    assert code == 0, said


def test_the_api_server_refuses_what_the_rights_leave_out(postern: Postern, chart_cluster: Cluster) -> None:
    code, said = kubectl(chart_cluster, postern, "alice", "create", "configmap", "web-9", "--dry-run=server")
    if postern.mode == "legacy":  # type: ignore[attr-defined]
        assert code == 0, said
    else:
        assert code == 1 and 'neither the right "impersonate-on:user-info:create" on configmaps' in said, said
        assert "dev-team" not in said and "alice" not in said  # it is not them that are missing
    code, said = kubectl(chart_cluster, postern, "oscar", "get", "configmaps")
    assert code == 1 and 'the cluster does not let postern act as group "operators"' in said, said


def test_what_it_keeps_is_in_the_cluster_and_its_own(postern: Postern, chart_cluster: Cluster) -> None:
    session = {"apiVersion": "access.postern.dev/v1alpha1", "kind": "Session", "spec": {}}
    status, answer = ask(postern, "alice", "POST", "/apis/access.postern.dev/v1alpha1/sessions", session)
    assert status == 201, answer
    kept = chart_cluster.kubectl("get", "sessions.store.postern.dev", "-n", "postern", "-o", "name").stdout.split()
    assert kept
    refused = chart_cluster.kubectl("delete", kept[0], "-n", "postern", check=False)
    writer = f"system:serviceaccount:postern:through-{postern.mode}-postern"  # type: ignore[attr-defined]
    assert refused.returncode == 1 and f"only {writer} writes sessions.store.postern.dev" in refused.stderr


def test_no_right_is_missing_but_the_one_that_values_leave_out(postern: Postern) -> None:
    """As postern's own check at its start says; it names the role's group that the chart does not list."""
    found = [str(line) for line in postern.log_lines() if "self-check failed" in str(line)]
    assert found and all("operators" in line for line in found), found


def ask(postern: Postern, user: str, method: str, path: str, body: object) -> tuple[int, str]:
    """One request with a JSON body; its status and what came back."""
    fields = [("Content-Type", "application/json")]
    answer = postern.ask(user, method, path, fields, json.dumps(body).encode())
    return answer.status, answer.body.decode()
