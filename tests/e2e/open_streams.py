"""The four kinds of streams that stay open on a pod, each on a connection of its own: seen to be alive, then
watched for their end.

    with OpenStreams(proxy, access.credential) as streams:
        begun = time.monotonic()
        access.drop()
        streams.ended(begun)                # {"watch": 0.004, "log": …}; fails when one goes on
"""

import threading
import time
from contextlib import ExitStack
from types import TracebackType

from harness import Postern
from raw_http import Cut, RawClient, request_bytes

POD = "/api/v1/namespaces/dev/pods/nginx-1"
PATHS = {
    "watch": "/api/v1/namespaces/dev/pods?watch=true",
    "log": f"{POD}/log?follow=true",
    "exec": f"{POD}/exec?stdout=true&command=sh&command=-c&command=echo+up%3B+exec+sleep+40",
    "portforward": f"{POD}/portforward?ports=7",
}
PROTOCOLS = {"exec": "v5.channel.k8s.io", "portforward": "SPDY/3.1+portforward.k8s.io"}
# A PING frame of SPDY, which its server sends back as it is, in messages of a few bytes; the last of them is
# the number. Around ours is one binary message, masked with zeros.
PING_NUMBER = bytes.fromhex("0000 0001")
PING = bytes.fromhex("8003 0006 0000 0004") + PING_NUMBER
PING_MESSAGE = bytes([0x82, 0x80 | len(PING)]) + bytes(4) + PING
SECONDS = 15.0  # less than any of them would take to end by itself


class OpenStream(threading.Thread):
    """One of them. `ended` is when the client saw its end, by the monotonic clock; None while it is open."""

    def __init__(self, kind: str, client: RawClient, credential: tuple[str, str]) -> None:
        super().__init__(name=kind, daemon=True)
        self.client = client
        self.ended: float | None = None
        protocol = PROTOCOLS.get(kind)
        fields = upgrade(protocol) if protocol else []
        client.send(request_bytes("GET", PATHS[kind], [credential, *fields]))
        head = client.read_head()
        assert head.status == (101 if protocol else 200), (kind, head)
        self.see_that_it_lives(kind)
        self.follow = self.to_the_end_of_tunnel if protocol else self.to_the_end_of_body

    def see_that_it_lives(self, kind: str) -> None:
        if kind == "watch":
            assert self.client.read_event()["type"] == "ADDED"
        elif kind == "log":
            assert b"started" in self.client.reader.chunk()
        elif kind == "exec":
            self.client.reader.take_until(b"up\n")
        else:
            self.client.send(PING_MESSAGE)
            self.client.reader.take_until(PING_NUMBER)

    def to_the_end_of_body(self) -> None:
        try:
            while self.client.reader.chunk():
                pass
        except Cut:
            pass

    def to_the_end_of_tunnel(self) -> None:
        self.client.reader.take_all()

    def run(self) -> None:
        try:
            self.follow()
        except TimeoutError:
            return  # it is still open
        self.ended = time.monotonic()


class OpenStreams:
    """All four; a context manager."""

    def __init__(self, proxy: Postern, credential: tuple[str, str]) -> None:
        self._stack = ExitStack()
        self.streams: list[OpenStream] = []
        with self._stack:
            for kind in PATHS:
                client = self._stack.enter_context(proxy.client(timeout=SECONDS))
                self.streams.append(OpenStream(kind, client, credential))
            self._stack = self._stack.pop_all()
        for stream in self.streams:
            stream.start()

    def __enter__(self) -> "OpenStreams":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def are_open(self) -> bool:
        return all(stream.ended is None for stream in self.streams)

    def ended(self, since: float) -> dict[str, float]:
        """Waits for the end of each; seconds from `since` to it."""
        for stream in self.streams:
            stream.join(SECONDS + 5)
        ends = {stream.name: stream.ended for stream in self.streams}
        assert None not in ends.values(), f"still open: {[n for n, end in ends.items() if end is None]}"
        return {name: end - since for name, end in ends.items() if end is not None}


def upgrade(protocol: str) -> list[tuple[str, str]]:
    return [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Protocol", protocol)]  # fmt: skip
