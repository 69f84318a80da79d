"""Attack matrix, group G: watch streams in JSON. Choice: 125 is 403 or 400 without a call."""

import gzip
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from attack import POD, TABLE, Attack, Rise
from fixture_api import KINDS, compact, make_object, partial
from raw_http import Cut, RawClient, wait_for
from upstream import Connection, Recorded, Reply

WATCH = f"{POD}?watch=true"
IN_DEV = rf"^GET {POD}\?"
PODS = KINDS[0]


def event(kind: str, name: str, **more: Any) -> bytes:
    item = {"kind": "Pod", "apiVersion": "v1", **make_object(PODS, "dev", name, 1), **more}
    return compact({"type": kind, "object": item}) + b"\n"


def bookmark(**metadata: Any) -> bytes:
    item = {"kind": "Pod", "apiVersion": "v1", "metadata": {"resourceVersion": "500", **metadata},
            "spec": {"containers": None}, "status": {}}  # fmt: skip
    return compact({"type": "BOOKMARK", "object": item}) + b"\n"


class Stream:
    """A watch whose events a test sends one by one."""

    def __init__(self, attack: Attack, target: str = WATCH, accept: str = "application/json") -> None:
        self.upstream: Connection | None = None
        self.opened = threading.Event()
        self.ended = threading.Event()
        self.over = threading.Event()
        attack.on(IN_DEV, Reply(raw=self._script))
        self.client: RawClient = attack.client()
        fields = [("Accept", accept)]
        self.client.send(attack.postern.request("alice", "GET", target, fields))
        assert self.opened.wait(10), "no watch reached the API server"

    def _script(self, connection: Connection, request: Recorded) -> None:
        del request
        self.upstream = connection
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Transfer-Encoding", "chunked"),
                             ("Connection", "close"))  # fmt: skip
        self.opened.set()
        if connection.wait_for_end(60):
            self.ended.set()
        self.over.set()

    def send(self, data: bytes) -> None:
        assert self.upstream
        self.upstream.send_chunk(data)

    def head(self) -> None:
        assert self.client.read_head().status == 200

    def next(self) -> Any:
        return self.client.read_event()

    def expect_cut(self) -> None:
        """The connection ends, without the final chunk and without another event."""
        with pytest.raises(Cut) as cut:
            self.client.read_event()
        assert not cut.value.got.endswith(b"0\r\n\r\n")
        assert self.ended.wait(5), "the upstream connection was left open"


def test_g_events_are_filtered_one_by_one_as_they_come(attack: Attack) -> None:
    stream = Stream(attack)
    stream.send(event("ADDED", "db-0") + event("ADDED", "nginx-1"))
    stream.head()
    assert stream.next()["object"]["metadata"]["name"] == "nginx-1"
    for kind in ("MODIFIED", "DELETED"):
        stream.send(event(kind, "db-0"))
        stream.send(event(kind, "nginx-2"))
        seen = stream.next()
        assert (seen["type"], seen["object"]["metadata"]["name"]) == (kind, "nginx-2")
    whole = event("MODIFIED", "nginx-1")
    stream.send(whole[:50])
    stream.send(whole[50:])
    assert compact(stream.next()) + b"\n" == whole


def test_g_head_comes_before_any_event(attack: Attack) -> None:
    """A client of a watch where nothing visible happens must still see that it is open."""
    stream = Stream(attack)
    stream.head()


def test_g118_bookmark_is_rebuilt(attack: Attack) -> None:
    stream = Stream(attack)
    stream.send(bookmark(name="db-0", namespace="dev", labels={"a": "root-token"},
                         annotations={"k8s.io/initial-events-end": "true", "x": "w2"}))  # fmt: skip
    stream.head()
    seen = stream.next()
    assert seen["type"] == "BOOKMARK"
    assert seen["object"]["kind"] == "Pod" and seen["object"]["apiVersion"] == "v1"
    metadata = {k: v for k, v in seen["object"]["metadata"].items() if v is not None}
    assert metadata == {
        "resourceVersion": "500",
        "annotations": {"k8s.io/initial-events-end": "true"},
    }


BROKEN = {
    "G119-unknown-type": event("FOO", "nginx-1"),
    "G119-no-type": b'{"object":' + compact(make_object(PODS, "dev", "nginx-1", 1)) + b"}\n",
    "G119-two-types": event("ADDED", "nginx-1").replace(b'{"type":', b'{"type":"BOOKMARK","type":'),
    "G119-two-objects": b'{"type":"ADDED","object":{"metadata":{"name":"nginx-1","namespace":"dev"}},'
    b'"object":{"metadata":{"name":"db-0","namespace":"dev"}}}\n',
    "G121-no-json": b"db-0 is here\n",
    "G121-bad-json": event("ADDED", "nginx-1")[:-3] + b"\n" + event("ADDED", "db-0"),
    "G121-array": b"[" + event("ADDED", "db-0").strip() + b"]\n",
    "G121-error-with-a-pod": event("ERROR", "db-0"),
}


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_decided_cuts_the_stream(attack: Attack, data: bytes) -> None:
    stream = Stream(attack)
    stream.send(event("ADDED", "nginx-1"))
    stream.head()
    assert stream.next()["type"] == "ADDED"
    failures = Rise.of(attack.postern, "postern_filter_failures_total")
    cuts = Rise.of(attack.postern, "postern_responses_cut_total", reason="filter")
    warnings = Rise.of_warnings(attack.postern)
    stream.send(data)
    stream.expect_cut()
    failures.by(1)
    cuts.by(1)
    warnings.by(2)  # one says why, one whose watch it was


def test_g120_giant_event_cuts_the_stream(attack: Attack) -> None:
    """Nothing of an event gets out before it is complete, and what is kept of it is bounded."""
    stream = Stream(attack)
    stream.head()
    head, tail = event("ADDED", "nginx-1", pad="x" * 1024 * 1024).split(b"x", 1)
    try:
        stream.send(head)
        for _ in range(64):
            stream.send(tail[: 1024 * 1024 - 1])
    except OSError:
        pass  # cut while it was being sent, as it should
    stream.expect_cut()


def test_g121_stream_that_ends_inside_an_event_is_cut(attack: Attack) -> None:
    stream = Stream(attack)
    stream.head()
    stream.send(event("ADDED", "nginx-1")[:60])
    assert stream.upstream
    stream.upstream.send(b"0\r\n\r\n")
    with pytest.raises(Cut):
        stream.next()


def test_g_clean_end_is_passed_on_as_a_clean_end(attack: Attack) -> None:
    stream = Stream(attack)
    stream.send(event("ADDED", "nginx-1"))
    stream.head()
    assert stream.next()["type"] == "ADDED"
    assert stream.upstream
    stream.upstream.send(b"0\r\n\r\n")
    assert stream.client.reader.take_until(b"0\r\n\r\n") == b"0\r\n\r\n"


def test_g_error_event_passes_without_its_continue(attack: Attack) -> None:
    gone = {"kind": "Status", "apiVersion": "v1", "metadata": {"continue": "eyJzdGFydCI6ImRiLTAifQ"},
            "status": "Failure", "message": "too old resource version", "reason": "Expired", "code": 410}  # fmt: skip
    stream = Stream(attack)
    stream.send(compact({"type": "ERROR", "object": gone}) + b"\n")
    stream.head()
    seen = stream.next()
    assert seen["type"] == "ERROR" and seen["object"]["code"] == 410
    assert "eyJzdGFydCI6ImRiLTAifQ" not in json.dumps(seen)


def table_event(kind: str, name: str, *, columns: bool, row: Any = None) -> bytes:
    row = row or {"cells": [name], "object": partial(make_object(PODS, "dev", name, 1))}
    columns_of = [{"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0}]
    table = {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "9"},
             "columnDefinitions": columns_of if columns else [], "rows": [row]}  # fmt: skip
    return compact({"type": kind, "object": table}) + b"\n"


def test_g122_columns_come_with_the_first_visible_row(attack: Attack) -> None:
    stream = Stream(attack, accept=TABLE)
    stream.send(table_event("ADDED", "db-0", columns=True))
    stream.send(table_event("ADDED", "nginx-1", columns=False))
    stream.send(table_event("ADDED", "db-0", columns=False))
    stream.send(table_event("MODIFIED", "nginx-2", columns=False))
    stream.head()
    first, second = stream.next(), stream.next()
    assert first["object"]["rows"][0]["cells"] == ["nginx-1"]
    assert [c["name"] for c in first["object"]["columnDefinitions"]] == ["Name"]
    assert second["object"]["rows"][0]["cells"] == ["nginx-2"]


def test_g123_object_instead_of_a_table_is_filtered_by_itself(attack: Attack) -> None:
    stream = Stream(attack, accept=TABLE)
    stream.send(event("ADDED", "db-0"))
    stream.send(event("ADDED", "nginx-1"))
    stream.head()
    assert stream.next()["object"]["metadata"]["name"] == "nginx-1"


def test_g125_watch_over_websocket_is_refused(attack: Attack) -> None:
    fields = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
              ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]  # fmt: skip
    attack.refused(attack.send("GET", WATCH, fields), 400, 403)


def test_g126_parameters_of_a_watch_list_are_kept(attack: Attack) -> None:
    query = ("allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan&sendInitialEvents=true"
             "&resourceVersion=7&watch=true")  # fmt: skip
    attack.send("GET", f"{POD}?{query}")
    asked = dict(attack.forwarded().query)
    assert asked.pop("watch") in ("true", "1")
    assert asked == {"allowWatchBookmarks": "true", "resourceVersionMatch": "NotOlderThan",
                     "sendInitialEvents": "true", "resourceVersion": "7"}  # fmt: skip


def test_g127_compressed_watch_gives_nothing_away(attack: Attack) -> None:
    body = gzip.compress(event("ADDED", "nginx-1"))
    attack.on(IN_DEV, Reply(pieces=[body], fields=[("Content-Encoding", "gzip")]))
    assert attack.send("GET", WATCH).status == 502


def test_g128_upstream_ends_when_the_client_does(attack: Attack) -> None:
    stream = Stream(attack)
    stream.head()
    stream.client.close()
    assert stream.ended.wait(5), "the upstream connection outlived the client"


def flood(sent: Callable[[int], None]) -> Callable[[Connection, Recorded], None]:
    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Transfer-Encoding", "chunked"))  # fmt: skip
        data = event("MODIFIED", "nginx-1", spec={"pad": "x" * 100_000})
        total = 0
        while total < 512 * 1024 * 1024:
            connection.send_chunk(data)
            total += len(data)
            sent(total)

    return script


def test_g129_a_client_that_does_not_read_stops_the_upstream(attack: Attack) -> None:
    taken = [0]
    attack.on(IN_DEV, Reply(raw=flood(lambda total: taken.__setitem__(0, total))))
    client = attack.client(receive_buffer=4096)
    before = attack.postern.memory()
    client.send(attack.postern.request("alice", "GET", WATCH))
    marks: list[int] = []

    def stands_still() -> bool:
        """Nothing more was taken during the last ten looks."""
        marks.append(taken[0])
        return len(marks) > 50 and taken[0] > 0 and len(set(marks[-50:])) == 1

    wait_for("the flow to stop", stands_still, 60)
    assert taken[0] < 128 * 1024 * 1024
    assert attack.postern.memory() - before < 64 * 1024 * 1024


def test_g130_watch_of_a_kind_without_a_grant_is_403(attack: Attack) -> None:
    attack.refused(attack.send("GET", "/api/v1/namespaces/dev/configmaps?watch=true"), 403)
    attack.refused(attack.send("GET", "/api/v1/namespaces/prod/pods?watch=true"), 403)
