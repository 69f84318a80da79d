"""What the tests of the attack matrix share: alice, a recording upstream, and what must never leak.

Outcomes in the matrix' words: U0 is `untouched()`, FWD is `forwarded()`, VIS{} is `visible(answer)`,
CUT is `Message.complete == False` or `RawClient.is_closed()`.
"""

import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote_to_bytes


from harness import Postern
from raw_http import Message, RawClient, wait_for
from upstream import Recorded, RecordingUpstream

POD = "/api/v1/namespaces/dev/pods"
WIDGETS = "/apis/e.com/v1/namespaces/dev/widgets"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"

# Never in a byte to a client that did not send the word itself. Whole words, so that chance in a
# random identifier is none.
HIDDEN = [re.compile(rb"(?<![A-Za-z0-9])%s(?![A-Za-z0-9])" % word)
          for word in (b"db-0", b"root-token", b"w2", b"prod")]  # fmt: skip


class Rise:
    """How much counters of a running postern have grown, together, since this was made. Requests
    are counted after they are answered: `by` waits."""

    def __init__(self, postern: Postern, *metrics: tuple[str, dict[str, str]]) -> None:
        self._value = lambda: sum(postern.metric(name, **labels) for name, labels in metrics)
        self._names = [name for name, _ in metrics]
        self._before = self._value()

    @classmethod
    def of(cls, postern: Postern, name: str, **labels: str) -> "Rise":
        return cls(postern, (name, labels))

    @classmethod
    def of_warnings(cls, postern: Postern) -> "Rise":
        """Lines of the log, and those that are left out because one user's came too fast."""
        return cls(postern, ("postern_log_messages_total", {"level": "warn"}),
                   ("postern_log_suppressed_total", {}))  # fmt: skip

    def by(self, amount: int) -> None:
        what = f"{self._names} to grow by {amount}"
        wait_for(what, lambda: self._value() >= self._before + amount)


class Attack:
    """A client's view (raw connections) and the upstream's view of the same requests."""

    def __init__(self, postern: Postern, upstream: RecordingUpstream) -> None:
        self.postern = postern
        self.upstream = upstream
        self.on = upstream.on
        self._clients: list[RawClient] = []

    def client(self, **options: Any) -> RawClient:
        client = self.postern.client(**options)
        self._clients.append(client)
        return client

    def send(
        self,
        method: str,
        target: str | bytes,
        fields: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        user: str | None = "alice",
    ) -> Message:
        """One request on a connection of its own, and its answer."""
        client = self.client()
        client.send(self.postern.request(user, method, target, fields, body))
        answer = client.read_response(method)
        client.close()
        return answer

    def post(
        self, target: str, body: object, content_type: str = "application/json", **more: Any
    ) -> Message:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.send("POST", target, [("Content-Type", content_type)], data, **more)

    def untouched(self) -> None:
        """U0: nothing was asked of the API server for a client."""
        seen = [request.line for request in self.upstream.client_requests]
        assert not seen, f"the API server was asked {seen}"

    def refused(self, answer: Message, *codes: int) -> Any:
        """A Status of one of these codes, and U0; gives the Status."""
        assert answer.status in codes, (answer.start_line, answer.body[:500])
        self.untouched()
        return check_status(answer)

    def forwarded(self, line: str | None = None) -> Recorded:
        """FWD: exactly one request reached the API server, canonical and in alice's name."""
        seen = self.upstream.client_requests
        assert len(seen) == 1, [request.line for request in seen]
        if line:
            assert seen[0].line == line
        assert seen[0].get("Impersonate-User"), "a request without Impersonate-User"
        return seen[0]

    def finish(self) -> None:
        """What holds after every test: no hidden word out, every call upstream under a name."""
        for client in self._clients:
            client.close()
            for word in HIDDEN:
                if word.search(client.received) and not word.search(unquote_to_bytes(bytes(client.sent))):
                    at = word.search(client.received).start()  # type: ignore[union-attr]
                    around = client.received[max(0, at - 200) : at + 100]
                    raise AssertionError(f"{word.pattern!r} reached the client: {around!r}")
        for request in self.upstream.client_requests:
            users = request.message.all("Impersonate-User")
            assert len(users) == 1 and users[0], f"{request.line} has Impersonate-User {users}"
            assert "alice" not in (request.get("Authorization") or ""), "a client's token upstream"
        assert not self.upstream.failures, self.upstream.failures
        assert self.postern.process.poll() is None, f"postern ended:\n{self.postern.log()[-4000:]}"


def check_status(answer: Message) -> Any:
    """The answer is a metav1.Status that fits its code; gives it parsed."""
    assert (answer.get("Content-Type") or "").startswith("application/json"), answer.fields
    status = answer.json()
    assert status["kind"] == "Status" and status["apiVersion"] == "v1", status
    assert status["status"] == "Failure" and status["code"] == answer.status, status
    return status


def visible(answer: Message) -> set[str]:
    """VIS{}: namespace/name of every object in a list or table."""
    assert answer.status == 200, (answer.start_line, answer.body[:500])
    assert answer.complete, "the answer was cut"
    body = answer.json()
    rows = [row["object"] for row in body["rows"]] if "rows" in body else body["items"]
    return {f"{o['metadata'].get('namespace', '')}/{o['metadata']['name']}" for o in rows}
