"""API servers that are gone, stall, or die in the middle of an answer."""

import ssl
import threading
from collections.abc import Callable

import pytest
from attack import POD, check_status
from fixture_api import FixtureApi, compact
from life import LONG, WATCH, Life, life, make  # noqa: F401  (fixtures)
from raw_http import Cut, wait_for
from upstream import Connection, Recorded, RecordingUpstream, Reply


def logged(life: Life, level: str, message: str, **fields: object) -> bool:
    """Waits for a line of this level whose message begins so, with these fields."""
    return bool(wait_for(message, lambda: any(
        line["level"] == level and line["msg"].startswith(message) and fields.items() <= line.items()
        for line in life.postern.log_lines())))  # fmt: skip


def test_an_upstream_that_is_gone_is_502_and_comes_back(life: Life) -> None:
    life.postern.expect_error("upstream|discover|connect|cluster")
    assert life.status() == 200
    port = life.upstream.port
    life.upstream.close()
    check_status(answer := life.postern.ask("alice", "GET", f"{POD}/nginx-1"))
    assert answer.status == 502
    failures = life.postern.metric("postern_upstream_connect_failures_total", cluster="mycluster", reason="connect")
    assert failures >= 1
    assert logged(life, "warn", f"no connection to 127.0.0.1:{port}")
    assert logged(life, "warn", "request refused", user="alice", code=502)
    assert life.postern.process.poll() is None
    life.upstream = RecordingUpstream(life.authority, FixtureApi(), port=port)
    wait_for("the upstream again", lambda: life.status() == 200, 20)


def test_a_stalled_upstream_is_504(make: Callable[..., Life]) -> None:
    life = make(config={"upstream": {"firstByteTimeout": "500ms"}})
    life.upstream.on("/nginx-1$", Reply(raw=lambda connection, request: connection.wait_for_end(20)))
    check_status(answer := life.postern.ask("alice", "GET", f"{POD}/nginx-1"))
    assert answer.status == 504
    life.upstream.on(f"GET {POD}$", Reply(raw=lambda connection, request: connection.wait_for_end(20)))
    assert life.status(path=POD) == 504


def test_a_list_that_stalls_in_the_middle_is_cut(make: Callable[..., Life]) -> None:
    life = make(config={"limits": {"stallTimeout": "1s"}})
    item = compact({"metadata": {"name": "nginx-1", "namespace": "dev"}, "spec": {"pad": "x" * 50_000}})

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Transfer-Encoding", "chunked"))  # fmt: skip
        connection.send_chunk(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[')
        connection.send_chunk(b",".join([item] * 10))
        connection.wait_for_end(30)

    life.upstream.on(f"GET {POD}$", Reply(raw=script))
    answer = life.postern.ask("alice", "GET", POD)
    assert answer.status == 200 and not answer.complete
    assert life.postern.metric("postern_responses_cut_total", reason="stalled") == 1


def test_an_upload_that_nobody_takes_is_504(make: Callable[..., Life]) -> None:
    """An API server that reads a head and then nothing more holds no client for ever."""
    life = make(config={"limits": {"stallTimeout": "1s"}})
    target = "/api/v1/namespaces/dev/services/web:80/proxy/upload"
    done = threading.Event()
    life.upstream.on("POST", Reply(raw=lambda connection, request: done.wait(30), unread=True))
    began = life.postern.request("dave", "POST", target, [("Content-Length", str(64 * 1024 * 1024))])
    with life.postern.client() as client:
        client.send(began)
        client.sock.settimeout(LONG)
        try:
            while True:
                client.sock.sendall(b"x" * 65536)
        except (ConnectionError, ssl.SSLError):
            pass  # a TimeoutError is the failure of the test
    done.set()
    assert logged(life, "warn", "request refused", user="dave", code=504)
    wait_for("its end", lambda: life.postern.metric("postern_upstream_connections", state="leased") == 0)
    assert life.postern.metric("postern_http_request_outcomes_total", outcome="upstream_error") == 1


def test_a_watch_whose_server_dies_is_cut(life: Life) -> None:
    event = compact({"type": "ADDED", "object": {"kind": "Pod", "apiVersion": "v1",
                     "metadata": {"name": "nginx-1", "namespace": "dev"}}}) + b"\n"  # fmt: skip
    go = threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Transfer-Encoding", "chunked"))  # fmt: skip
        connection.send_chunk(event)
        go.wait(10)
        connection.send(b"5\r\n{\"ty")

    life.upstream.on("watch=", Reply(raw=script))
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", WATCH))
        assert client.read_head().status == 200
        assert client.read_event()["type"] == "ADDED"
        go.set()
        with pytest.raises(Cut):
            client.read_event()
    wait_for("the count", lambda: life.postern.metric("postern_responses_cut_total", reason="upstream") == 1)
    assert life.postern.metric("postern_responses_cut_total") == 1
    assert logged(life, "warn", "answer cut", user="alice", verb="watch", cluster="mycluster")
