"""Clients that work without a pause while something is done to the replicas: every request must be answered.

    with Load() as load:
        load.run(reader, ...)       # each in a thread of its own, again and again
        restart_everything()
    assert not load.failures
"""

import http.client
import json
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Load:
    """Runs steps again and again until it is left; keeps what went wrong."""

    def __init__(self) -> None:
        self.over = threading.Event()
        self.failures: list[str] = []
        self.steps = 0
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self._threads:
            thread.join(10)  # a watch that nobody stops ends with the process

    def run(self, step: Callable[[], Any], pause: float = 0.0) -> None:
        """`step` in a thread of its own; an exception out of it is a failure, and it goes on."""

        def work() -> None:
            while not self.over.is_set():
                try:
                    step()
                except Exception as error:  # whatever it is, a client has seen it
                    if self.over.is_set():
                        return
                    self.fail(f"{time.strftime('%X')} {step.__qualname__}: {error!r}")
                with self._lock:
                    self.steps += 1
                self.over.wait(pause)

        self._threads.append(threading.Thread(target=work, daemon=True))
        self._threads[-1].start()

    def fail(self, what: str) -> None:
        with self._lock:
            self.failures.append(what)


class Refused(AssertionError):
    """An answer of failure."""

    def __init__(self, status: int, *what: Any) -> None:
        super().__init__(status, *what)
        self.status = status


class ApiClient:
    """A client as simple as they come: keeps its connection while the answers let it, and never tries again. As every
    real one it looks, before it sends, whether the server has ended the connection meanwhile."""

    def __init__(self, port: int, ca_file: Path, token: str, *, keep: bool = True) -> None:
        context = ssl.create_default_context(cafile=str(ca_file))
        self._connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=30)
        self._fields = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._keep = keep

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's document; Refused when it is none of success."""
        data = json.dumps(body).encode() if body is not None else None
        sock = self._connection.sock
        if sock and select.select([sock], [], [], 0)[0]:
            self._connection.close()
        try:
            self._connection.request(method, path, data, self._fields)
            answer = self._connection.getresponse()
            text = answer.read()
        except BaseException:
            self._connection.close()
            raise
        if not self._keep:
            self._connection.close()
        if not 200 <= answer.status < 300:
            raise Refused(answer.status, method, path, text[:500])
        return json.loads(text)

    def close(self) -> None:
        self._connection.close()


class Watcher:
    """Follows a collection as client-go does: from the last version it has seen, on and on. A stream may end
    between two events at any time, and nothing else may happen to it."""

    def __init__(self, port: int, ca_file: Path, token: str, path: str, version: str) -> None:
        self._context = ssl.create_default_context(cafile=str(ca_file))
        self._port, self._token, self._path = port, token, path
        self.version = version
        self.events: list[tuple[str, str]] = []
        self.streams = 0
        self._socket: socket.socket | None = None

    def follow(self) -> None:
        """One stream to its end; http.client.IncompleteRead when that is not a clean one."""
        connection = http.client.HTTPSConnection("127.0.0.1", self._port, context=self._context, timeout=60)
        query = f"watch=true&allowWatchBookmarks=true&resourceVersion={self.version}"
        connection.request("GET", f"{self._path}?{query}", headers={"Authorization": f"Bearer {self._token}"})
        self._socket = connection.sock
        answer = connection.getresponse()
        assert answer.status == 200, (answer.status, answer.read())
        self.streams += 1
        while line := answer.readline():
            assert line.endswith(b"\n"), f"half an event: {line[-100:]!r}"
            self._take(json.loads(line))
        connection.close()

    def stop(self) -> None:
        """Ends the stream that is open, from another thread."""
        if self._socket:
            self._socket.shutdown(socket.SHUT_RDWR)

    def _take(self, event: dict[str, Any]) -> None:
        assert event["type"] != "ERROR", event
        metadata = event["object"]["metadata"]
        self.version = metadata["resourceVersion"]
        if event["type"] != "BOOKMARK":
            self.events.append((event["type"], metadata["name"]))
