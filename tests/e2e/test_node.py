"""kubectl through postern at a real node: exit codes, half-close, terminals, cp, logs -f."""

import fcntl
import os
import signal
import struct
import termios
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cluster import Cluster
from conftest import As, cluster_postern
from old_kubectl import old_kubectl
from pki import Authority
from raw_http import wait_for
from streams import port_forward
from test_drain import accepts

POD = "nginx-shell"  # alice's rules cover it
SCRIPT = (
    "mkdir -p /www; echo from a container >/www/index.html; httpd -p 8080 -h /www; "
    'echo started; while read line; do echo "got $line"; done; sleep 2147483647'
)


@pytest.fixture(scope="module")
def alice(
    real_node_cluster: Cluster, authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[As]:
    """alice through a postern of this cluster, where her pod runs."""
    real_node_cluster.real_node.run_pod("dev", POD, "sh", "-c", SCRIPT, stdin=True)
    folder = tmp_path_factory.mktemp("node")
    with cluster_postern(authority, real_node_cluster, folder) as postern:
        yield As(real_node_cluster, postern.kubeconfig("alice"))
    real_node_cluster.real_node.delete_pod("dev", POD)


@pytest.fixture(params=["websocket", "spdy", "old"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """How kubectl speaks to exec, attach and port-forward."""
    if request.param == "spdy":
        monkeypatch.setenv("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", "false")
        monkeypatch.setenv("KUBECTL_PORT_FORWARD_WEBSOCKETS", "false")
    return {"program": old_kubectl()} if request.param == "old" else {}


def test_exit_codes(alice: As, transport: dict[str, Any]) -> None:
    for code in (0, 1, 7, 137):
        done = alice("exec", POD, "--", "sh", "-c", f"exit {code}", check=False, **transport)
        assert done.returncode == code, done.stderr


def test_stderr_is_apart(alice: As, transport: dict[str, Any]) -> None:
    done = alice("exec", POD, "--", "sh", "-c", "echo out; echo err >&2", **transport)
    assert done.stdout == "out\n" and "err\n" in done.stderr


def test_a_megabyte_there_and_back(alice: As, transport: dict[str, Any]) -> None:
    """cat ends only when it learns that the input has ended."""
    data = os.urandom(1 << 20)
    assert alice("exec", "-i", POD, "--", "cat", stdin=data, **transport).stdout == data


def test_answers_after_the_input_has_ended(alice: As, transport: dict[str, Any]) -> None:
    script = "cat >/dev/null; echo all read; sleep 0.2; echo and more; exit 3"
    args = ("exec", "-i", POD, "--", "sh", "-c", script)
    done = alice(*args, stdin="x", check=False, **transport)
    assert (done.stdout, done.returncode) == ("all read\nand more\n", 3)


def test_attach(alice: As, transport: dict[str, Any]) -> None:
    with alice.running("attach", "-i", POD, **transport) as running:
        running.write(b"hello\n")
        running.wait_for(rb"got hello")


def test_terminal_and_resize(alice: As, transport: dict[str, Any]) -> None:
    script = 'echo ready; until [ "$(stty size)" = "33 77" ]; do sleep 0.1; done; echo resized'
    args = ("exec", "-it", POD, "--", "sh", "-c", script)
    with alice.running(*args, terminal=True, **transport) as running:
        running.wait_for(rb"ready")
        fcntl.ioctl(running.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
        running.process.send_signal(signal.SIGWINCH)
        running.wait_for(rb"resized")
        assert running.finish() == 0


def test_logs_follow(alice: As) -> None:
    with alice.running("logs", "-f", POD) as running:
        running.wait_for(rb"started")
        with alice.running("attach", "-i", POD) as attached:
            attached.write(b"log me\n")
            running.wait_for(rb"got log me")


def test_copy_both_ways(alice: As, tmp_path: Path, transport: dict[str, Any]) -> None:
    sent, received = tmp_path / "sent", tmp_path / "received"
    sent.write_bytes(os.urandom(3_000_000))
    alice("cp", str(sent), f"dev/{POD}:/tmp/file", **transport)
    alice("cp", f"dev/{POD}:/tmp/file", str(received), **transport)
    assert received.read_bytes() == sent.read_bytes()


def test_port_forward(
    alice: As, real_node_cluster: Cluster, transport: dict[str, Any]
) -> None:
    options = {"kubeconfig": alice.kubeconfig, **transport}
    with port_forward(real_node_cluster, "dev", f"pod/{POD}", 8080, **options) as port:
        for _ in range(5):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                assert answer.read() == b"from a container\n"


def test_hidden_pods_stay_closed(
    alice: As, real_node_cluster: Cluster, transport: dict[str, Any]
) -> None:
    for args in (("exec", "db-0", "--", "id"), ("attach", "db-0"), ("logs", "db-0")):
        assert "orbidden" in alice.fails(*args, **transport)



def test_a_terminal_outlives_the_drain(
    alice: As, real_node_cluster: Cluster, authority: Authority, tmp_path: Path
) -> None:
    """A replica that has to go waits for the sessions in it."""
    leaving = cluster_postern(authority, real_node_cluster, tmp_path)
    leaving.config["drain"] = {"spread": "100ms", "timeout": "1m"}
    leaving.write_config()
    with leaving:
        inside = As(real_node_cluster, leaving.kubeconfig("alice"))
        script = "echo begun; read line; echo still $line; exit 5"
        with inside.running("exec", "-i", POD, "--", "sh", "-c", script) as terminal:
            terminal.wait_for(b"begun")
            leaving.process.send_signal(signal.SIGTERM)
            wait_for("the listener to close", lambda: not accepts(leaving.port))
            terminal.write(b"here\n")
            terminal.wait_for(b"still here")
            assert terminal.finish() == 5
        assert leaving.process.wait(30) == 0
