"""What clients may take: slow heads, idle and too many connections, garbage, clients that vanish."""

import os
import socket
import ssl
import time
from collections.abc import Callable

import pytest
from attack import POD
from life import WATCH, Life, life, make  # noqa: F401  (fixtures)
from raw_http import Cut, wait_for


def test_slow_heads_are_cut_and_cost_nobody_else(make: Callable[..., Life]) -> None:
    life = make(config={"limits": {"headTimeout": "1s", "idleTimeout": "20s", "handshakeTimeout": "1s"}})
    slow = [life.postern.client() for _ in range(50)]
    for client in slow:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    with (
        life.postern.client() as trickle,
        socket.create_connection(("127.0.0.1", life.postern.port), timeout=10) as plain,
    ):
        assert life.status() == 200
        began = time.monotonic()
        while time.monotonic() - began < 10:
            trickle.send(b"a")
            if trickle.is_closed(0.1):
                break
        else:
            raise AssertionError("a head that trickles was never cut")
        assert plain.recv(1) == b"", "a connection without a handshake was kept"
    assert all(client.is_closed(5) for client in slow)
    wait_for("all to be counted", lambda: life.postern.metric(
        "postern_protocol_errors_total", reason="head_timeout") == 51)  # fmt: skip


def test_idle_connections_are_ended(make: Callable[..., Life]) -> None:
    life = make(config={"limits": {"idleTimeout": "1s"}})
    with life.postern.client() as fresh, life.postern.client() as used:
        used.send(life.postern.request("alice", "GET", "/version"))
        assert used.read_response().status == 200
        assert fresh.is_closed(8) and used.is_closed(8)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("maxConnectionsPerAddress", "address_limit"), ("maxConnections", "total_limit")],
)
def test_connections_are_limited(make: Callable[..., Life], limit: str, reason: str) -> None:
    life = make(config={"limits": {limit: 8}})
    clients = []
    try:
        for _ in range(8):
            client = life.postern.client()
            client.send(life.postern.request("alice", "GET", "/version"))
            assert client.read_response().status == 200
            clients.append(client)
        with pytest.raises((OSError, ssl.SSLError, Cut)):
            life.postern.ask("alice", "GET", "/version")
        assert life.postern.metric("postern_connections_rejected_total", reason=reason) == 1
        assert life.postern.metric("postern_connections_rejected_total") == 1
    finally:
        for client in clients:
            client.close()
    wait_for("room again", lambda: answers(life), 10)


def answers(life: Life) -> bool:
    try:
        return life.status() == 200
    except (OSError, ssl.SSLError, Cut):
        return False


GARBAGE = [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\xff" * 4000, b"\x00" * 1000,
           b"SSH-2.0-x\r\n", b"", b"\x80\x2e\x01\x00\x02", os.urandom(5000)]  # fmt: skip


def test_garbage_on_the_port(life: Life) -> None:
    for data in GARBAGE * 5:
        with socket.create_connection(("127.0.0.1", life.postern.port), timeout=5) as plain:
            plain.sendall(data)
            plain.shutdown(socket.SHUT_WR)
            plain.settimeout(15)
            try:
                while plain.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert life.status() == 200
    assert life.postern.metric("postern_tls_handshake_errors_total") >= 5


def vanish(life: Life, how: int) -> None:
    """One client that goes away in the middle of something, by a reset."""
    client = life.postern.client()
    request = life.postern.request("alice", "GET", f"{POD}/nginx-1")
    if how == 0:
        client.send(request[:40])
    elif how == 1:
        client.send(request)
    elif how == 2:
        client.send(life.postern.request("alice", "GET", WATCH))
    elif how == 3:
        body = b"x" * 1000
        client.send(life.postern.request("alice", "POST", POD, [], body)[:-500])
    elif how == 4:
        client.send(request)
        client.read_head()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.close()


def test_vanished_clients_leave_nothing_behind(life: Life) -> None:
    life.hold_watch()
    for how in range(5):
        vanish(life, how)
    life.status()
    wait_for("the first ones to be gone", lambda: life.postern.metric("postern_longrunning_requests") == 0)
    files, memory = life.postern.descriptors(), life.postern.memory()
    for number in range(300):
        vanish(life, number % 5)
    wait_for("descriptors to fall", lambda: life.postern.descriptors() <= files + 8, 30)
    wait_for("watches to end", lambda: life.postern.metric("postern_longrunning_requests") == 0, 30)
    assert life.postern.memory() - memory < 64 * 1024 * 1024
    assert life.status() == 200
    assert not [r for r in life.upstream.client_requests if r.method == "POST"]
