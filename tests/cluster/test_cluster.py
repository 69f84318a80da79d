"""The cluster itself, without postern: what it has, what works in it, and that it goes away."""

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from cluster import Cluster
from kwok_node import NOBODY
from leftovers import processes_of
from old_kubectl import old_kubectl
from process import ComponentError, wait_until
from streams import Running, kubectl_running, port_forward

CLUSTER = str(Path(__file__).with_name("cluster.py"))


def names(cluster: Cluster, path: str) -> set[str]:
    """ "namespace/name" of every object of a collection, or the name alone."""
    status, answer = cluster.request("GET", path)
    assert status == 200, answer
    found = [item["metadata"] for item in answer["items"]]
    return {"/".join(filter(None, (m.get("namespace"), m["name"]))) for m in found}


# -- the fixture ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/v1/pods", {"dev/nginx-1", "dev/nginx-2", "dev/db-0", "prod/nginx-1"}),
        ("/api/v1/namespaces/dev/secrets", {"dev/app-config", "dev/root-token"}),
        ("/apis/apps/v1/deployments", {"dev/web", "dev/api"}),
        ("/apis/e.com/v1/widgets", {"dev/w1", "dev/w2", "prod/w1"}),
        ("/apis/e.com/v2/widgets", {"dev/w1", "dev/w2", "prod/w1"}),
        ("/apis/e.com/v1/gadgets", {"g1", "g2"}),
        ("/api/v1/namespaces/dev/services", {"dev/web", "dev/db"}),
        ("/api/v1/nodes", {"n1"}),
    ],
)
def test_fixture(cluster: Cluster, path: str, expected: set[str]) -> None:
    assert names(cluster, path) == expected


def test_events_and_what_they_are_about(cluster: Cluster) -> None:
    _, events = cluster.request("GET", "/api/v1/namespaces/dev/events")
    about = {
        item["metadata"][
            "name"
        ]: f"{item['involvedObject']['kind']}/{item['involvedObject']['name']}"
        for item in events["items"]
        if item.get("source", {}).get("component") == "fixture"
        or item.get("reportingComponent") == "fixture"
    }
    assert about == {
        "nginx-1.started": "Pod/nginx-1",
        "db-0.started": "Pod/db-0",
        "nginx-1.abc": "Pod/db-0",
        "nginx-1.related": "Pod/nginx-1",
        "nginx-1.forged": "Secret/nginx-1",
    }


def test_an_unserved_version_is_not_there(cluster: Cluster) -> None:
    assert cluster.request("GET", "/apis/e.com/v1alpha1/widgets")[0] == 404


def test_the_server_knows_its_version(cluster: Cluster) -> None:
    status, version = cluster.request("GET", "/version")
    assert (status, version["gitVersion"]) == (200, "v1.37.2")


# -- pods of kwok ---------------------------------------------------------------------------


def test_exec(cluster: Cluster) -> None:
    done = cluster.kubectl("exec", "-n", "dev", "nginx-1", "--", "echo", "a", "b")
    assert done.stdout == "a b\n"


def test_exec_reads_input(cluster: Cluster) -> None:
    args = ("exec", "-i", "-n", "dev", "nginx-1", "--", "head", "-c", "5")
    assert cluster.kubectl(*args, stdin="hello world").stdout == "hello"


def test_exec_never_runs_as_root(cluster: Cluster) -> None:
    """A command in a pod runs on this machine, so it gets somebody's rights who has none."""
    done = cluster.kubectl("exec", "-n", "dev", "nginx-1", "--", "id", "-u")
    assert int(done.stdout) == (NOBODY if os.geteuid() == 0 else os.geteuid())


def test_logs_of_each_pod_are_its_own(cluster: Cluster) -> None:
    for namespace, name in (("dev", "nginx-1"), ("dev", "db-0"), ("prod", "nginx-1")):
        text = cluster.kubectl("logs", "-n", namespace, name).stdout
        assert text.startswith(f"{name} of {namespace} started\n")


def test_logs_follow(cluster: Cluster) -> None:
    with kubectl_running(cluster, "logs", "-f", "-n", "dev", "nginx-2") as running:
        running.wait_for(rb"nginx-2 of dev started")
        cluster.kwok.append_log("dev", "nginx-2", "and now this")
        running.wait_for(rb"and now this")


def test_attach(cluster: Cluster) -> None:
    with kubectl_running(cluster, "attach", "-n", "dev", "nginx-1") as running:
        # Attaching starts somewhere at the end of the log, so the line is repeated until seen.
        def seen() -> bool:
            cluster.kwok.append_log("dev", "nginx-1", "attached line")
            try:
                return bool(running.wait_for(rb"attached line", seconds=0.2))
            except TimeoutError:
                return False

        wait_until("a line through attach", seen, 15)


def test_port_forward_to_a_web_server(cluster: Cluster) -> None:
    with port_forward(cluster, "dev", "pod/nginx-1", 80) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read() == b"hello from a pod\n"


def test_port_forward_to_a_service(cluster: Cluster) -> None:
    with port_forward(cluster, "dev", "svc/web", 80) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read() == b"hello from a pod\n"


def test_port_forward_to_an_echo(cluster: Cluster) -> None:
    with port_forward(cluster, "dev", "pod/nginx-1", 7) as port:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"marco")
            assert connection.recv(100) == b"marco"


def test_the_old_kubectl(cluster: Cluster) -> None:
    old = old_kubectl()
    assert '"v1.20.2"' in cluster.kubectl("version", "--client", "-o", "json", program=old).stdout
    assert "nginx-1" in cluster.kubectl("get", "pods", "-n", "dev", program=old).stdout
    args = ("exec", "-n", "dev", "nginx-1", "--", "echo", "over SPDY")
    assert cluster.kubectl(*args, program=old).stdout == "over SPDY\n"


# -- who may do what ------------------------------------------------------------------------


def test_client_certificates_and_groups(cluster: Cluster) -> None:
    team = cluster.client_kubeconfig("alice", ["dev-team"])
    viewer = cluster.client_kubeconfig("victor", ["viewers"])
    patch = ("annotate", "--overwrite", "-n", "dev", "configmap", "settings", "seen=yes")
    cluster.kubectl(*patch, kubeconfig=team)
    assert "nginx-1" in cluster.kubectl("get", "pods", "-A", kubeconfig=viewer).stdout
    refused = cluster.kubectl(*patch, kubeconfig=viewer, check=False)
    assert refused.returncode == 1
    assert 'User "victor" cannot patch resource "configmaps"' in refused.stderr


def test_awkward_names_in_certificates(cluster: Cluster) -> None:
    user, groups = "o'neil/ops+1=x, Zoë", ["a/b", "system:x"]
    kubeconfig = cluster.client_kubeconfig(user, groups)
    done = cluster.kubectl("auth", "whoami", "-o", "json", kubeconfig=kubeconfig)
    assert f'"username": "{user}"' in done.stdout
    assert all(f'"{group}"' in done.stdout for group in groups)


def test_postern_may_impersonate_and_nothing_else(cluster: Cluster) -> None:
    postern = cluster.postern_kubeconfig
    mark = cluster.audit_mark()
    as_alice = ("--as", "alice", "--as-group", "dev-team", "get", "secrets", "-n", "dev")
    assert "app-config" in cluster.kubectl(*as_alice, kubeconfig=postern).stdout
    refused = cluster.kubectl("get", "secrets", "-n", "dev", kubeconfig=postern, check=False)
    assert "system:serviceaccount:postern:postern" in refused.stderr
    assert cluster.kubectl("get", "ns", "kube-system", kubeconfig=postern).returncode == 0
    event = cluster.wait_for_audit(lambda e: "impersonatedUser" in e, since=mark)
    assert event["user"]["username"] == "system:serviceaccount:postern:postern"
    assert event["impersonatedUser"]["username"] == "alice"
    assert event["impersonatedUser"]["groups"] == ["dev-team", "system:authenticated"]
    assert event["objectRef"]["resource"] == "secrets"


def test_postern_may_set_its_own_extra(cluster: Cluster) -> None:
    """The extra that names an access request, and no other."""

    def with_extra(extra: str, *args: str) -> "subprocess.CompletedProcess[Any]":
        impersonated = ("--as", "alice", "--as-user-extra", extra, *args)
        postern = cluster.postern_kubeconfig
        return cluster.kubectl(*impersonated, kubeconfig=postern, check=False)

    whoami = with_extra("access.postern.dev/request=r1", "auth", "whoami", "-o", "json")
    assert '"access.postern.dev/request"' in whoami.stdout
    assert (
        'cannot impersonate resource "userextras/scopes"'
        in with_extra("scopes=all", "get", "ns").stderr
    )


def test_the_audit_log_starts_at_a_mark(cluster: Cluster) -> None:
    cluster.request("GET", "/api/v1/namespaces/dev/pods/nginx-1?before=1")
    cluster.wait_for_audit(lambda e: e["requestURI"].endswith("?before=1"))
    mark = cluster.audit_mark()
    cluster.request("GET", "/api/v1/namespaces/dev/pods/nginx-1?after=1")
    cluster.wait_for_audit(lambda e: e["requestURI"].endswith("?after=1"), since=mark)
    uris = [event["requestURI"] for event in cluster.audit_events(since=mark)]
    assert not any(uri.endswith("?before=1") for uri in uris)


# -- trouble --------------------------------------------------------------------------------


def test_the_api_server_stalls_and_restarts(cluster: Cluster) -> None:
    address = (cluster.layout.address, cluster.layout.ports["api"])
    cluster.pause_apiserver()
    try:
        with socket.create_connection(address, timeout=5) as connection:
            connection.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.settimeout(0.5)
            with pytest.raises(TimeoutError):
                connection.recv(1)
    finally:
        cluster.resume_apiserver()
    cluster.stop_apiserver()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    cluster.start_apiserver()
    assert "dev/nginx-1" in names(cluster, "/api/v1/pods")
    assert cluster.kubectl("exec", "-n", "dev", "nginx-1", "--", "echo", "on").stdout == "on\n"
    cluster.check()


def test_a_failed_start_shows_the_log_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "broken"
    with pytest.raises(ComponentError, match=r"(?s)kube-apiserver ended.*unknown flag: --f"):
        with Cluster(folder, api_server_flags=["--frobnicate"]):
            pass
    assert processes_of(folder) == []


def test_a_full_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(ComponentError, match="is not empty"):
        Cluster(tmp_path)


# -- several, and their end -----------------------------------------------------------------


def test_two_clusters_side_by_side(cluster: Cluster) -> None:
    """A second one has its own everything, and leaves no process and no file."""
    with Cluster(name="second", nodes=["n1", "n2"]) as second:
        folder = second.directory
        assert second.server != cluster.server
        assert names(second, "/api/v1/nodes") == {"n1", "n2"}
        assert second.ca_file.read_bytes() != cluster.ca_file.read_bytes()
        second.apply_fixture()
        second.apply_pods_alias()
        assert names(second, "/apis/e.com/v1/pods") == {"dev/nginx-1"}
        assert len(names(second, "/api/v1/pods")) == 4
        assert cluster.request("GET", "/apis/e.com/v1/pods")[0] == 404
        address = (second.layout.address, second.layout.ports["api"])
        assert processes_of(folder)
    assert processes_of(folder) == []
    assert not folder.exists()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
    assert cluster.request("GET", "/readyz")[0] == 200


def run_cluster(*args: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, CLUSTER, *args], capture_output=True, text=True, timeout=150, check=False
    )


def test_command_line(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    up = run_cluster("up", "--dir", str(folder), "--name", "shown")
    assert up.returncode == 0, up.stderr
    assert "cluster shown is ready at https://127.0.0.1:" in up.stdout
    try:
        for option, file in (((), "kubeconfig"), (("--postern",), "postern.kubeconfig")):
            path = run_cluster("kubeconfig", "--dir", str(folder), *option).stdout.strip()
            assert path == str(folder / file)
            assert "current-context: shown" in Path(path).read_text()
        argv = [str(folder / "bin" / "kubectl"), "--kubeconfig", str(folder / "kubeconfig")]
        pods = subprocess.run([*argv, "get", "pods", "-A"], capture_output=True, check=True)
        assert b"nginx-2" in pods.stdout
    finally:
        down = run_cluster("down", "--dir", str(folder))
    assert down.returncode == 0, down.stderr
    assert processes_of(folder) == []
    assert run_cluster("down", "--dir", str(folder)).returncode == 1


def test_the_command_line_ends_with_its_owner(tmp_path: Path) -> None:
    folder = tmp_path / "owned"
    owner = subprocess.Popen(["sleep", "600"])
    try:
        args = ("up", "--no-fixture", "--dir", str(folder), "--with-pid", str(owner.pid))
        assert run_cluster(*args).returncode == 0
        assert processes_of(folder)
    finally:
        owner.kill()
        owner.wait()
    wait_until("the cluster to end", lambda: not processes_of(folder), 30)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_cluster_does_not_outlive_its_starter(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "ended"
    argv = [sys.executable, CLUSTER, "up", "--foreground", "--no-fixture", "--dir", str(folder)]
    with Running(argv) as running:
        running.wait_for(rb"is ready at", seconds=90)
        assert len(processes_of(folder)) > 4
        running.process.send_signal(number)
        running.finish(30)
    wait_until("the cluster to end", lambda: not processes_of(folder), 30)


def test_an_interrupted_start_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "interrupted"
    argv = [sys.executable, CLUSTER, "up", "--foreground", "--dir", str(folder)]
    with Running(argv) as running:
        started = folder / "logs" / "kube-apiserver.log"
        wait_until("the API server to start", started.exists, 30)
        running.process.send_signal(signal.SIGINT)
        assert running.finish(30) == 0
    assert processes_of(folder) == []
