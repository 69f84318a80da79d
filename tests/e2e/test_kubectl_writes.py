"""kubectl through postern: create, apply, edit, delete, rollout; helm; the old kubectl; streams."""

import json
import os
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import Cluster
from conftest import As
from harness import Postern
from old_kubectl import old_kubectl
from pki import Authority, write_kubeconfig
from raw_http import wait_for
from streams import Running, port_forward
from upstream import Recorded, RecordingUpstream, Reply


def config_map(name: str, **data: str) -> str:
    return yaml.safe_dump({"apiVersion": "v1", "kind": "ConfigMap", "data": data,
                           "metadata": {"name": name, "namespace": "dev"}})  # fmt: skip


def pod(name: str) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "dev"},
                       "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "x"}]}})  # fmt: skip


@pytest.fixture
def clean(cluster: Cluster) -> Iterator[None]:
    """Takes away what a test may have made."""
    yield
    for kind, names in (("pod", ["nginx-9", "nginx-8"]), ("configmap", ["made", "applied"])):
        cluster.kubectl("delete", kind, *names, "-n", "dev", "--ignore-not-found", "--wait=false")


@pytest.mark.usefixtures("clean")
class TestWrites:
    def test_create_and_delete_a_granted_name(self, alice: As, cluster: Cluster) -> None:
        assert alice("create", "-f", "-", stdin=pod("nginx-9")).stdout == "pod/nginx-9 created\n"
        assert alice("delete", "pod", "nginx-9", "--timeout=30s").returncode == 0
        assert cluster.request("GET", "/api/v1/namespaces/dev/pods/nginx-9")[0] == 404
        assert "orbidden" in alice.fails("create", "-f", "-", stdin=pod("db-9"))

    @pytest.mark.parametrize("how", [(), ("--server-side",)], ids=["client-side", "server-side"])
    def test_apply(self, bob: As, cluster: Cluster, how: tuple[str, ...]) -> None:
        bob("apply", *how, "-f", "-", stdin=config_map("applied", a="1"))
        bob("apply", *how, "-f", "-", stdin=config_map("applied", a="2"))
        path = "/api/v1/namespaces/dev/configmaps/applied"
        assert cluster.request("GET", path)[1]["data"] == {"a": "2"}
        assert bob("diff", "-f", "-", stdin=config_map("applied", a="2"), check=False).returncode == 0

    def test_apply_where_only_update_is_granted(self, alice: As) -> None:
        """alice may patch the deployment web, and may create none."""
        said = alice.fails("apply", "--server-side", "-f", "-", stdin=json.dumps({
            "apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "dev", "annotations": {"a": "b"}}}))  # fmt: skip
        assert "orbidden" in said

    def test_patch_edit_and_label(self, alice: As, bob: As, tmp_path: Path, cluster: Cluster) -> None:
        alice("patch", "deployment", "web", "-p", '{"metadata":{"annotations":{"patched":"yes"}}}')
        alice("annotate", "deployment", "web", "patched-")
        for kind in ("merge", "json"):
            text = '{"metadata":{"labels":{"m":"1"}}}' if kind == "merge" else \
                '[{"op":"remove","path":"/metadata/labels/m"}]'  # fmt: skip
            alice("patch", "deployment", "web", f"--type={kind}", "-p", text)
        bob("create", "-f", "-", stdin=config_map("made", a="before"))
        editor = tmp_path / "editor"
        editor.write_text('#!/bin/sh\nsed -i s/before/after/ "$1"\n')
        editor.chmod(0o755)
        env = bob.cluster.kubectl_environment(bob.kubeconfig) | {"KUBE_EDITOR": str(editor)}
        with Running([str(cluster.kubectl_program), "edit", "configmap", "made"], env) as running:
            assert running.finish() == 0, running.output
        path = "/api/v1/namespaces/dev/configmaps/made"
        assert cluster.request("GET", path)[1]["data"] == {"a": "after"}

    def test_scale_and_rollout(self, alice: As, cluster: Cluster) -> None:
        alice("scale", "deployment", "web", "--replicas=0")
        alice("rollout", "restart", "deployment/web")
        alice("rollout", "status", "deployment/web", "--timeout=30s")
        assert alice("rollout", "history", "deployment/web", check=False).returncode in (0, 1)

    def test_custom_resources(self, bob: As, alice: As, cluster: Cluster) -> None:
        widget = {"apiVersion": "e.com/v1", "kind": "Widget", "spec": {"size": 5},
                  "metadata": {"name": "w9", "namespace": "dev"}}  # fmt: skip
        bob("create", "-f", "-", stdin=json.dumps(widget))
        bob("patch", "widget", "w9", "--type=merge", "-p", '{"spec":{"size":6}}')
        assert bob.json("get", "widget", "w9")["spec"]["size"] == 6
        assert alice.names("widgets") == {"dev/w1"}
        bob("delete", "widget", "w9")

    def test_deny_stands_above_allow(self, bob: As) -> None:
        assert "dev/root-token" not in bob.names("secrets")
        assert "dev/app-config" in bob.names("secrets")
        assert "orbidden" in bob.fails("get", "secret", "root-token")

    def test_no_power_is_made(self, bob: As) -> None:
        binding = ("create", "rolebinding", "x", "--clusterrole=fixture-write", "--user=bob")
        assert "orbidden" in bob.fails(*binding)
        assert "orbidden" in bob.fails("create", "role", "x", "--verb=get", "--resource=pods")
        assert "orbidden" in bob.fails("create", "token", "default")
        assert "orbidden" in bob.fails("delete", "namespace", "dev")

    def test_the_namespace_is_seen_from_inside(self, bob: As) -> None:
        assert bob.names("namespaces") == {"/dev"}
        assert bob.json("get", "namespace", "dev")["metadata"]["name"] == "dev"
        assert "orbidden" in bob.fails("get", "namespace", "prod")

    def test_an_operator_does_everything(self, as_: Callable[[str], As]) -> None:
        oscar = as_("oscar")
        assert {"dev/db-0", "prod/nginx-1"} <= oscar.names("pods", "-A")
        assert "/n1" in oscar.names("nodes")
        assert "dev/root-token" in oscar.names("secrets")


# -- helm -----------------------------------------------------------------------------------------


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: small\nversion: 0.1.0\n")
    (folder / "values.yaml").write_text("colour: red\n")
    (folder / "templates" / "config.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ .Release.Name }}-config}\n"
        "data: {colour: {{ .Values.colour }}}\n"
    )
    (folder / "templates" / "service.yaml").write_text(
        "apiVersion: v1\nkind: Service\nmetadata: {name: {{ .Release.Name }}}\n"
        "spec: {ports: [{port: 80}]}\n"
    )
    return folder


class Helm:
    """helm as one user, at a server of this kubeconfig."""

    def __init__(self, cluster: Cluster, kubeconfig: Path, folder: Path) -> None:
        self._program = str(cluster.tool("helm"))
        self._env = cluster.kubectl_environment(kubeconfig) | {"HOME": str(folder)}
        for name in ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME"):
            self._env[name] = str(folder / name)

    def __call__(self, *args: str) -> str:
        with Running([self._program, *args, "-n", "dev"], self._env) as running:
            code = running.finish(60)
            assert code == 0, running.output.decode()
            return running.output.decode()


def test_helm(bob: As, cluster: Cluster, chart: Path, tmp_path: Path) -> None:
    helm = Helm(cluster, bob.kubeconfig, tmp_path)
    path = "/api/v1/namespaces/dev/configmaps/rel-config"
    helm("install", "rel", str(chart), "--wait")
    assert cluster.request("GET", path)[1]["data"] == {"colour": "red"}
    assert "small-0.1.0" in helm("list")
    helm("upgrade", "rel", str(chart), "--set", "colour=green")
    assert cluster.request("GET", path)[1]["data"] == {"colour": "green"}
    assert "deployed" in helm("status", "rel")
    assert "2" in helm("history", "rel")
    helm("rollback", "rel", "1")
    helm("uninstall", "rel")
    assert cluster.request("GET", path)[0] == 404


PROTOBUF = "application/vnd.kubernetes.protobuf"
NOT_PASSED_ON = {"host", "connection", "content-length", "transfer-encoding"}


def passed_on_to(postern: Postern) -> Callable[[Recorded], Reply]:
    """What makes of a RecordingUpstream a window between a client and postern."""

    def ask(request: Recorded) -> Reply:
        message = request.message
        fields = [field for field in message.fields if field[0].lower() not in NOT_PASSED_ON]
        has_body = bool({"content-length", "transfer-encoding"} & message.names())
        answer = postern.ask(None, request.method, request.target, fields, message.body if has_body else None)
        encoding = [(n, v) for n, v in answer.fields if n.lower() == "content-encoding"]
        return Reply(answer.status, answer.body, answer.get("Content-Type") or "", encoding)

    return ask


def test_helm_speaks_protobuf(
    postern: Postern, authority: Authority, cluster: Cluster, chart: Path, tmp_path: Path
) -> None:
    """Its releases are Secrets, which it prefers to have, and writes, in protobuf."""
    window = RecordingUpstream(authority, passed_on_to(postern))
    kubeconfig = write_kubeconfig(
        tmp_path / "window.kubeconfig", name="window", server=window.url, ca_file=window.ca_file,
        token=postern.users["bob"].token, namespace="dev",
    )  # fmt: skip
    helm = Helm(cluster, kubeconfig, tmp_path)
    helm("install", "seen", str(chart))
    assert "small-0.1.0" in helm("list")
    helm("uninstall", "seen")
    window.close()
    secrets = [r for r in window.requests if r.path.startswith("/api/v1/namespaces/dev/secrets")]
    lists = [r for r in secrets if r.method == "GET" and r.path.endswith("/secrets")]
    assert lists and all((r.get("Accept") or "").startswith(f"{PROTOBUF},") for r in lists)
    written = [r for r in secrets if r.method in ("POST", "PUT")]
    assert {r.method for r in written} == {"POST", "PUT"}
    for request in written:
        assert request.get("Content-Type") == PROTOBUF
        assert request.message.body.startswith(b"k8s\0"), "the envelope's magic number"


# -- exec, logs, port-forward, cp on kwok ---------------------------------------------------------


AGES = ["new", "old"]


def kubectl_of(age: str) -> dict[str, Any]:
    return {"program": old_kubectl()} if age == "old" else {}


@pytest.mark.parametrize("transport", ["websocket", "spdy", "old"])
def test_exec(alice: As, cluster: Cluster, transport: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if transport == "spdy":
        monkeypatch.setenv("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "false")
    mark = cluster.audit_mark()
    done = alice("exec", "nginx-1", "--", "echo", "hello", "there", **kubectl_of(transport))
    assert done.stdout == "hello there\n"
    event = cluster.wait_for_audit(
        lambda e: e.get("objectRef", {}).get("subresource") == "exec", since=mark
    )
    assert event["impersonatedUser"]["username"] == "alice"
    said = alice.fails("exec", "db-0", "--", "id", **kubectl_of(transport))
    assert "orbidden" in said


@pytest.mark.parametrize("age", AGES)
def test_exec_with_input(alice: As, age: str) -> None:
    """kwok may hang after the end of the input, so the end is a word."""
    args = ("exec", "-i", "nginx-1", "--", "sh", "-c", "while read l; do echo got $l; done")
    with alice.running(*args, **kubectl_of(age)) as running:
        running.write(b"one\n")
        running.wait_for(rb"got one\n")
        running.write(b"two\n")
        running.wait_for(rb"got two\n")


@pytest.mark.parametrize("age", AGES)
def test_logs(alice: As, cluster: Cluster, age: str) -> None:
    assert "nginx-1 of dev started" in alice("logs", "nginx-1", **kubectl_of(age)).stdout
    with alice.running("logs", "-f", "nginx-1", **kubectl_of(age)) as running:
        running.wait_for(rb"started")
        cluster.kwok.append_log("dev", "nginx-1", f"a new line for {age}")
        running.wait_for(rb"a new line for %s" % age.encode())
    assert "orbidden" in alice.fails("logs", "db-0", **kubectl_of(age))


def test_attach(alice: As, cluster: Cluster) -> None:
    with alice.running("attach", "nginx-2") as running:
        # Attaching starts somewhere at the end of the log, so the line is repeated until seen.
        def seen() -> bool:
            cluster.kwok.append_log("dev", "nginx-2", "attached line")
            try:
                return bool(running.wait_for(rb"attached line", seconds=0.2))
            except TimeoutError:
                return False

        wait_for("a line through attach", seen, 15)
    assert "orbidden" in alice.fails("attach", "db-0")


@pytest.mark.parametrize("transport", ["websocket", "spdy", "old"])
def test_port_forward(
    alice: As, cluster: Cluster, transport: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if transport == "spdy":
        monkeypatch.setenv("KUBECTL_PORT_FORWARD_WEBSOCKETS", "false")
    options = {"kubeconfig": alice.kubeconfig, **kubectl_of(transport)}
    with port_forward(cluster, "dev", "pod/nginx-1", 80, **options) as port:
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                assert answer.read() == b"hello from a pod\n"


def test_copy_out(alice: As, cluster: Cluster, tmp_path: Path) -> None:
    source = cluster.kwok.home / "file-to-copy"
    data = os.urandom(100_000)
    source.write_bytes(data)
    source.chmod(0o644)
    alice("cp", f"dev/nginx-1:{source}", str(tmp_path / "copied"))
    assert (tmp_path / "copied").read_bytes() == data


def test_old_kubectl_reads(alice: As) -> None:
    program = old_kubectl()
    shown = alice("get", "pods", "-A", program=program).stdout
    assert [line.split()[1] for line in shown.splitlines()[1:]] == ["nginx-1", "nginx-2"]
    said = alice.fails("get", "pod", "db-0", program=program)
    assert said.startswith('Error from server (Forbidden): pods "db-0" is forbidden')
    assert "nginx-1" in alice("describe", "pod", "nginx-1", program=program).stdout
    with alice.running("get", "pods", "-w", program=program) as running:
        running.wait_for(rb"nginx-2")


def test_every_cluster_has_its_path(postern: Postern, cluster: Cluster) -> None:
    under = As(cluster, postern.kubeconfig("alice", cluster="mycluster"))
    assert under.names("pods", "-A") == {"dev/nginx-1", "dev/nginx-2"}
    assert under("exec", "nginx-1", "--", "echo", "hi").stdout == "hi\n"
    nowhere = As(cluster, postern.kubeconfig("alice", cluster="nowhere"))
    assert nowhere.fails("get", "pods")
