"""The drain: what SIGTERM does to clients that are there. No request that has been sent is lost, watches and
followed logs end behind a whole event, terminals get the grace period."""

import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from attack import POD
from fixture_api import compact
from life import WATCH, Life, make  # noqa: F401  (a fixture)
from raw_http import Cut, RawClient, wait_for
from test_attack_j_streams import EXEC, echo, websocket
from upstream import Connection, Recorded, Reply

LOG = f"{POD}/nginx-1/log?follow=true"


def event(name: str, padding: int = 0) -> bytes:
    pod = {"kind": "Pod", "apiVersion": "v1", "metadata": {"name": name, "namespace": "dev"},
           "spec": {"pad": "x" * padding}}  # fmt: skip
    return compact({"type": "ADDED", "object": pod}) + b"\n"


class Stream:
    """An answer that sends `first`, and `rest` when told to, and then stays open."""

    def __init__(self, life: Life, pattern: str, content_type: str, first: bytes, rest: bytes = b"") -> None:
        self.go = threading.Event()
        self.ended = threading.Event()

        def script(connection: Connection, request: Recorded) -> None:
            del request
            connection.send_head(200, ("Content-Type", content_type), ("Transfer-Encoding", "chunked"))
            connection.send_chunk(first)
            if rest:
                self.go.wait(30)
                connection.send_chunk(rest)
            if connection.wait_for_end(30):
                self.ended.set()

        life.upstream.on(pattern, Reply(raw=script))


def begin_drain(life: Life) -> None:
    """Returns when nobody new is let in."""
    life.postern.process.send_signal(signal.SIGTERM)
    wait_for("the listener to close", lambda: not accepts(life.postern.port))


def accepts(port: int) -> bool:
    with socket.socket() as attempt:
        return attempt.connect_ex(("127.0.0.1", port)) == 0


def ask(client: RawClient, life: Life, target: str, user: str = "alice", *fields: tuple[str, str]) -> Any:
    client.send(life.postern.request(user, "GET", target, fields))
    return client.read_response()


# -- connections that wait for a request ----------------------------------------------------------


def test_a_request_on_a_kept_connection_is_answered_and_the_last(make: Callable[..., Life]) -> None:
    life = make(config={"drain": {"spread": "0s", "idle": "20s"}})
    with life.postern.client() as client:
        assert ask(client, life, f"{POD}/nginx-1").get("Connection") is None
        begin_drain(life)
        assert not client.is_closed(0.5), "the client may be about to send"
        answer = ask(client, life, f"{POD}/nginx-1")
        assert answer.status == 200 and answer.get("Connection") == "close"
        assert client.is_closed(5)
    assert life.postern.process.wait(10) == 0


def test_a_client_that_was_promised_another_request_gets_it(make: Callable[..., Life]) -> None:
    """Its answer was under way when the drain began, and has not told of any end."""
    life = make(config={"drain": {"spread": "0s", "idle": "20s"}})
    go = threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"), ("Content-Length", "1000002"))
        connection.send(b'"')
        go.wait(20)
        connection.send(b"x" * 1000000 + b'"')

    life.upstream.on("/nginx-2$", Reply(raw=script))
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", f"{POD}/nginx-2"))
        head = client.read_head()
        assert head.status == 200 and head.get("Connection") is None
        begin_drain(life)
        go.set()
        assert len(client.reader.take(1000002)) == 1000002
        answer = ask(client, life, f"{POD}/nginx-1")
        assert answer.status == 200 and answer.get("Connection") == "close"
    assert life.postern.process.wait(10) == 0


def test_a_connection_whose_watch_has_been_ended_is_kept(make: Callable[..., Life]) -> None:
    """Go's clients send their next request, whatever it is, on the connection that came back last."""
    life = make(config={"drain": {"spread": "0s", "idle": "20s"}})
    Stream(life, "watch=", "application/json", event("nginx-1"))
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", WATCH))
        assert client.read_head().get("Connection") is None
        begin_drain(life)
        assert client.reader.chunks() == event("nginx-1")
        assert not client.is_closed(0.5)
        answer = ask(client, life, f"{POD}/nginx-1")
        assert answer.status == 200 and answer.get("Connection") == "close"
    assert life.postern.process.wait(10) == 0


def test_only_who_has_been_silent_for_long_is_closed(make: Callable[..., Life]) -> None:
    life = make(config={"drain": {"spread": "200ms", "idle": "3s", "timeout": "1m"}})
    with life.postern.client() as silent, life.postern.client() as unused, life.postern.client() as busy:
        assert ask(silent, life, f"{POD}/nginx-1").status == 200
        time.sleep(3)
        assert ask(busy, life, f"{POD}/nginx-1").status == 200
        begin_drain(life)
        assert silent.is_closed(2) and unused.is_closed(2)
        answer = ask(busy, life, f"{POD}/nginx-1")
        assert answer.status == 200 and answer.get("Connection") == "close"
    assert life.postern.process.wait(10) == 0


@pytest.mark.parametrize("drain", [{"spread": "300ms", "idle": "0s"}, {"spread": "0s", "timeout": "700ms"}],
                         ids=["for its silence", "with the drain"])  # fmt: skip
def test_a_connection_without_a_request_ends_politely(make: Callable[..., Life], drain: dict[str, str]) -> None:
    """With TLS's own goodbye: the client knows that nothing is missing."""
    life = make(config={"drain": drain})
    with life.postern.client() as used, life.postern.client() as fresh:
        assert ask(used, life, f"{POD}/nginx-1").status == 200
        for client in (used, fresh):
            client.sock.suppress_ragged_eofs = False  # an end without goodbye would raise
        begin_drain(life)
        assert used.sock.recv(1) == b"" and fresh.sock.recv(1) == b""
    assert life.postern.process.wait(10) == 0


def test_half_a_head_is_waited_for(make: Callable[..., Life]) -> None:
    life = make(config={"drain": {"spread": "100ms"}})
    with life.postern.client() as client:
        request = life.postern.request("alice", "GET", f"{POD}/nginx-1")
        client.send(request[:20])
        begin_drain(life)
        time.sleep(0.5)
        client.send(request[20:])
        answer = client.read_response()
        assert answer.status == 200 and answer.get("Connection") == "close"
    assert life.postern.process.wait(10) == 0


def test_an_idle_limit_ends_politely_too(make: Callable[..., Life]) -> None:
    life = make(config={"limits": {"idleTimeout": "1s"}})
    with life.postern.client() as client:
        assert ask(client, life, f"{POD}/nginx-1").status == 200
        client.sock.suppress_ragged_eofs = False
        assert client.sock.recv(1) == b""


# -- watches and logs -----------------------------------------------------------------------------


def test_watches_end_one_after_the_other_and_late_ones_with_them(make: Callable[..., Life]) -> None:
    life = make(config={"drain": {"spread": "2s"}})
    Stream(life, "watch=", "application/json", event("nginx-1"))
    clients = [life.postern.client() for _ in range(9)]
    late = clients.pop()
    assert ask(late, life, f"{POD}/nginx-1").status == 200
    for client in clients:
        client.send(life.postern.request("alice", "GET", WATCH))
        assert client.read_head().status == 200
    begin_drain(life)
    late.send(life.postern.request("alice", "GET", WATCH))
    assert late.read_head().get("Connection") == "close"
    ends = []
    for client in [late, *clients]:
        assert client.reader.chunks() == event("nginx-1")
        ends.append(time.monotonic())
        client.close()
    print(f"the first and the last end were {max(ends) - min(ends):.2f} s apart")
    assert life.postern.process.wait(10) == 0


CASES = {
    "watch": (WATCH, "application/json", event("nginx-1") + event("nginx-2", 3000)),
    "log": (LOG, "text/plain", b"one\n" + b"2" * 200_000 + b"\n"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_stream_ends_behind_a_whole_event(make: Callable[..., Life], case: str) -> None:
    """The signal comes while an event is half way through."""
    target, content_type, data = CASES[case]
    life = make(config={"drain": {"spread": "0s", "idle": "0s", "timeout": "300ms" if case == "log" else "20s"}})
    half = len(data) - 1000
    stream = Stream(life, "watch=|/log", content_type, data[:half], data[half:])
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", target))
        assert client.read_head().status == 200
        first = client.reader.chunk()
        begin_drain(life)
        if case == "watch":  # whose whole events are out already, and half ones never are
            data = event("nginx-1")
        else:
            time.sleep(0.4)
            stream.go.set()
        assert first + client.reader.chunks() == data
        stream.go.set()
    assert stream.ended.wait(10)
    assert life.postern.process.wait(10) == 0


# -- terminals ------------------------------------------------------------------------------------


def test_exec_lives_on_until_it_ends_by_itself(make: Callable[..., Life]) -> None:
    life = make(config={"drain": {"spread": "100ms", "timeout": "20s"}})
    life.upstream.on("/exec", Reply(raw=echo))
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", EXEC, websocket()))
        assert client.read_head().status == 101
        begin_drain(life)
        time.sleep(0.7)
        client.send(b"still here")
        assert client.reader.take(10) == b"still here"
        assert life.postern.admin("/readyz")[0] == 500
    assert life.postern.process.wait(10) == 0


@pytest.mark.parametrize("how", ["timeout", "second-signal"])
def test_exec_is_cut_at_the_end_of_its_time(make: Callable[..., Life], how: str) -> None:
    life = make(config={"drain": {"spread": "100ms", "timeout": "500ms" if how == "timeout" else "1m"}})
    life.upstream.on("/exec", Reply(raw=echo))
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", EXEC, websocket()))
        assert client.read_head().status == 101
        begin_drain(life)
        if how == "second-signal":
            life.postern.process.send_signal(signal.SIGTERM)
        with pytest.raises(Cut):
            client.reader.take(1)
    assert life.postern.process.wait(10) == 0


def test_a_second_signal_cuts_the_delay_short(make: Callable[..., Life]) -> None:
    life = make(config={"drain": {"delay": "1m", "spread": "1m", "timeout": "2m"}})
    with life.postern.client() as client:
        assert ask(client, life, f"{POD}/nginx-1").status == 200
        life.postern.process.send_signal(signal.SIGTERM)
        wait_for("readyz to fail", lambda: life.postern.admin("/readyz")[0] == 500)
        assert ask(client, life, f"{POD}/nginx-1").get("Connection") is None
        life.postern.process.send_signal(signal.SIGTERM)
        assert life.postern.process.wait(10) == 0


def test_signals_that_come_while_it_is_taken_down_are_not_its_exit_code(make: Callable[..., Life]) -> None:
    life = make(config={"drain": {"delay": "0s", "timeout": "2s"}})
    process = life.postern.process
    deadline = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < deadline:
        process.send_signal(signal.SIGTERM)
        time.sleep(0.0002)
    assert process.wait(1) == 0
