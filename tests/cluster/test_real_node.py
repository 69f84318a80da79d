"""The node that runs containers, without postern: everything that kwok cannot play."""

import fcntl
import os
import struct
import subprocess
import termios
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

import node
from cluster import Cluster
from leftovers import mounts_of, processes_of
from old_kubectl import old_kubectl
from streams import kubectl_running, port_forward

IN_SHELL = ("-n", "dev", "shell")


@pytest.fixture(scope="module")
def real(real_node_cluster: Cluster) -> Iterator[Cluster]:
    """The cluster with a pod dev/shell that echoes what is typed into it."""
    script = 'echo started; while read line; do echo "got $line"; done; sleep 2147483647'
    real_node_cluster.real_node.run_pod("dev", "shell", "sh", "-c", script, stdin=True)
    yield real_node_cluster
    real_node_cluster.real_node.delete_pod("dev", "shell")


@pytest.mark.parametrize("code", [0, 1, 7, 137])
def test_exit_codes(real: Cluster, code: int) -> None:
    done = real.kubectl("exec", *IN_SHELL, "--", "sh", "-c", f"exit {code}", check=False)
    assert done.returncode == code


def test_stderr_is_apart(real: Cluster) -> None:
    done = real.kubectl("exec", *IN_SHELL, "--", "sh", "-c", "echo out; echo err >&2")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


@pytest.mark.parametrize("age", ["new", "old"])
def test_a_megabyte_and_half_close(real: Cluster, age: str) -> None:
    """cat ends only when it learns that the input has ended, and answers until then."""
    program = old_kubectl() if age == "old" else None
    data = os.urandom(1 << 20)
    args = ("exec", "-i", *IN_SHELL, "--", "cat")
    assert real.kubectl(*args, stdin=data, program=program).stdout == data


def test_answers_after_the_input_has_ended(real: Cluster) -> None:
    script = "cat >/dev/null; echo all read; sleep 0.2; echo and more; exit 3"
    done = real.kubectl("exec", "-i", *IN_SHELL, "--", "sh", "-c", script, stdin="x", check=False)
    assert (done.stdout, done.returncode) == ("all read\nand more\n", 3)


def test_attach(real: Cluster) -> None:
    with kubectl_running(real, "attach", "-i", *IN_SHELL) as running:
        running.write(b"hello\n")
        running.wait_for(rb"got hello")


def test_terminal_and_resize(real: Cluster) -> None:
    script = 'echo ready; until [ "$(stty size)" = "33 77" ]; do sleep 0.1; done; echo resized'
    args = ("exec", "-it", *IN_SHELL, "--", "sh", "-c", script)
    with kubectl_running(real, *args, terminal=True) as running:
        running.wait_for(rb"ready")
        fcntl.ioctl(running.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
        # The terminal is not kubectl's controlling one, so nobody else tells it.
        running.process.send_signal(28)
        running.wait_for(rb"resized")
        assert running.finish() == 0


def test_logs_follow(real: Cluster) -> None:
    with kubectl_running(real, "logs", "-f", *IN_SHELL) as running:
        running.wait_for(rb"started")
        with kubectl_running(real, "attach", "-i", *IN_SHELL) as attached:
            attached.write(b"log me\n")
            running.wait_for(rb"got log me")


def test_copy_both_ways(real: Cluster, tmp_path: Path) -> None:
    sent, received = tmp_path / "sent", tmp_path / "received"
    sent.write_bytes(os.urandom(300_000))
    real.kubectl("cp", str(sent), "dev/shell:/tmp/file")
    real.kubectl("cp", "dev/shell:/tmp/file", str(received))
    assert received.read_bytes() == sent.read_bytes()


def test_port_forward(real: Cluster) -> None:
    script = "mkdir -p /www && echo from a container >/www/index.html && httpd -f -p 8080 -h /www"
    real.real_node.run_pod("dev", "web-server", "sh", "-c", script)
    with port_forward(real, "dev", "pod/web-server", 8080) as port:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            assert answer.read() == b"from a container\n"
    real.real_node.delete_pod("dev", "web-server")


def test_a_pod_reaches_the_api_server_as_a_service(real: Cluster) -> None:
    """kube-proxy's work: the TCP connection to the service's address is answered."""
    script = "nc -w 5 $KUBERNETES_SERVICE_HOST $KUBERNETES_SERVICE_PORT </dev/null && echo there"
    assert real.kubectl("exec", *IN_SHELL, "--", "sh", "-c", script).stdout.endswith("there\n")
    account = "/var/run/secrets/kubernetes.io/serviceaccount/token"
    token = real.kubectl("exec", *IN_SHELL, "--", "cat", account).stdout
    assert token.count(".") == 2


def test_the_scheduler_finds_the_node(real: Cluster) -> None:
    manifest = real.real_node.pod("dev", "scheduled")
    del manifest["spec"]["nodeName"]
    manifest["spec"]["nodeSelector"] = {"kubernetes.io/hostname": "real"}
    real.create("/api/v1/namespaces/dev/pods", manifest)
    wait = ("wait", "--for=condition=Ready", "pod/scheduled", "-n", "dev", "--timeout=30s")
    assert "condition met" in real.kubectl(*wait).stdout
    real.real_node.delete_pod("dev", "scheduled")


def settings() -> dict[str, str]:
    names = ("vm/overcommit_memory", "kernel/panic", "kernel/panic_on_oops")
    return {name: Path("/proc/sys", name).read_text() for name in names}


def interfaces() -> set[str]:
    return {path.name for path in Path("/sys/class/net").iterdir()}


def cgroups() -> set[str]:
    return {str(path) for path in Path("/sys/fs/cgroup").glob("**/postern-node-*")}


def test_teardown_leaves_nothing(real_node_cluster: Cluster) -> None:
    """A second node, ended while a pod runs on it and a client is connected to that pod."""
    del real_node_cluster
    before = (settings(), interfaces(), cgroups())
    with Cluster(name="real-2", real_node=True, nodes=[]) as second:
        folder = second.directory
        assert settings() == before[0]
        second.kubectl("create", "namespace", "dev")
        second.kubectl("wait", "--for=create", "sa/default", "-n", "dev", "--timeout=30s")
        second.real_node.run_pod("dev", "shell")
        with kubectl_running(second, "exec", "-i", *IN_SHELL, "--", "cat") as running:
            running.write(b"ping\n")
            running.wait_for(rb"ping")
            second.stop()
    assert processes_of(folder) == []
    assert mounts_of(folder) == []
    assert not folder.exists()
    assert (settings(), interfaces(), cgroups()) == before


def test_a_machine_without_the_packages_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "PROGRAMS", {"no-such-program": "some-package"})
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(node.NodeUnavailable, match=r"missing Debian packages: .*some-package"):
        node.require()


def test_without_root_there_is_no_node() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(Path(node.__file__).parent)!r})\n"
        "import os\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"
        "import node\n"
        "try:\n    node.require()\n"
        "except node.NodeUnavailable as why:\n    print(why)\n"
    )
    done = subprocess.run(
        ["/usr/bin/python3", "-B", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.stdout == "it needs root\n"
