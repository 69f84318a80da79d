"""An API server's place taken by a TLS server that records every byte and answers by script."""

import re
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from pki import Authority
from raw_http import Cut, Message, Reader, chunked


@dataclass
class Reply:
    """An answer with a body; `raw` replaces everything by a function that has the connection."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    fields: list[tuple[str, str]] = field(default_factory=list)
    pieces: list[bytes] | None = None  # chunked, in these pieces
    raw: "Callable[[Connection, Recorded], None] | None" = None
    unread: bool = False  # the body is left to `raw`, which takes it off connection.reader when it likes


@dataclass
class Recorded:
    """A request as it came, with the number of the connection that it came on."""

    message: Message
    connection: int
    at: float

    @property
    def method(self) -> str:
        return self.message.method

    @property
    def target(self) -> str:
        return self.message.target

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> list[tuple[str, str]]:
        return parse_qsl(urlsplit(self.target).query, keep_blank_values=True)

    def parameter(self, name: str) -> str | None:
        return dict(self.query).get(name)

    def get(self, name: str) -> str | None:
        return self.message.get(name)

    @property
    def line(self) -> str:
        return f"{self.method} {self.target}"

    @property
    def in_a_users_name(self) -> bool:
        return self.get("Impersonate-User") is not None


class Connection:
    """A client's connection, as scripts see it. One thread may send while another waits for the
    end: the TLS object is used by one at a time."""

    def __init__(self, sock: ssl.SSLSocket, number: int) -> None:
        self.sock = sock
        self.number = number
        self.reader = Reader(sock)
        self._lock = threading.Lock()

    def send(self, data: bytes) -> None:
        with self._lock:
            self.sock.settimeout(60)
            self.sock.sendall(data)

    def send_head(self, status: int, *fields: tuple[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} Answer"] + [f"{name}: {value}" for name, value in fields]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")

    def send_chunk(self, data: bytes) -> None:
        self.send(b"%x\r\n%s\r\n" % (len(data), data))

    def wait_for_end(self, seconds: float) -> bool:
        """Whether the peer ends the connection within so long; what it sends is thrown away."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.sock], [], [], 0.1)[0] and self._ended():
                return True
        return False

    def _ended(self) -> bool:
        with self._lock:
            self.sock.settimeout(0)
            try:
                return self.sock.recv(65536) == b""
            except ssl.SSLWantReadError:
                return False
            except (OSError, ValueError):
                return True


# What a proxy may ask in its own name: discovery, health, who the cluster is, and about itself.
OWN_CALLS = re.compile(
    r"GET /(api|apis|version|livez|readyz|healthz)(\?.*)?$"
    r"|GET /(api/[^/?]+|apis/[^/?]+|apis/[^/?]+/[^/?]+)(\?.*)?$"
    r"|GET /api/v1/namespaces/kube-system$"
    r"|POST /apis/authorization\.k8s\.io/v1/selfsubjectaccessreviews$"
)


class RecordingUpstream:
    """Listens on 127.0.0.1:`port`. Every answer comes from the newest `on` rule that matches, or
    from `api`. An exception in a script ends that connection and is kept in `failures`."""

    def __init__(
        self, authority: Authority, api: Callable[[Recorded], Reply], *, port: int = 0
    ) -> None:
        self._api = api
        self._rules: list[tuple[re.Pattern[str], Reply | Callable[[Recorded], Reply]]] = []
        self._lock = threading.Lock()
        self._requests: list[Recorded] = []
        self.failures: list[BaseException] = []
        self.connections: dict[int, Connection] = {}
        self.accepted = 0
        self.authority = authority
        pair = authority.issue("upstream", "upstream", hosts=("127.0.0.1", "localhost"))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(pair.cert_file, pair.key_file)
        self._context.set_alpn_protocols(["http/1.1"])
        self._listener = socket.create_server(("127.0.0.1", port), backlog=128)
        self.port: int = self._listener.getsockname()[1]
        self._stopping = False
        self._thread = threading.Thread(target=self._accept, name="upstream", daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    @property
    def ca_file(self) -> Path:
        return self.authority.cert_file

    # -- what tests say and ask --------------------------------------------------------------

    def on(self, pattern: str, reply: Reply | Callable[[Recorded], Reply]) -> None:
        """Answers requests whose "METHOD target" matches the expression (searched) so."""
        with self._lock:
            self._rules.insert(0, (re.compile(pattern), reply))

    def reset(self) -> None:
        """Forgets rules and requests; connections stay."""
        with self._lock:
            self._rules.clear()
            self._requests.clear()
            self.failures.clear()

    @property
    def requests(self) -> list[Recorded]:
        with self._lock:
            return list(self._requests)

    @property
    def client_requests(self) -> list[Recorded]:
        """Those that were made for a client: all but the closed list of postern's own calls."""
        return [
            r for r in self.requests if r.in_a_users_name or not OWN_CALLS.match(r.line)
        ]

    @property
    def own_requests(self) -> list[Recorded]:
        return [r for r in self.requests if not r.in_a_users_name]

    # -- serving ---------------------------------------------------------------------------

    def _accept(self) -> None:
        while not self._stopping:
            try:
                plain, _ = self._listener.accept()
            except OSError:
                return
            self.accepted += 1
            number = self.accepted
            threading.Thread(target=self._serve, args=(plain, number), daemon=True).start()

    def _serve(self, plain: socket.socket, number: int) -> None:
        plain.settimeout(60)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            sock = self._context.wrap_socket(plain, server_side=True)
        except (OSError, ssl.SSLError):
            plain.close()
            return
        connection = Connection(sock, number)
        self.connections[number] = connection
        try:
            while self._exchange(connection):
                pass
        except (Cut, OSError, ssl.SSLError):
            pass
        except Exception as error:  # a test's script: shown by the test's own checks
            self.failures.append(error)
        finally:
            self.connections.pop(number, None)
            sock.close()

    def _exchange(self, connection: Connection) -> bool:
        """One request and its answer; False when the connection is over."""
        begin = connection.reader._at
        message = connection.reader.head()
        recorded = Recorded(message, connection.number, time.monotonic())
        with self._lock:
            rules = list(self._rules)
        rule = next((reply for pattern, reply in rules if pattern.search(recorded.line)), self._api)
        if callable(rule) or not rule.unread:
            connection.reader.body(message)
        message.raw = bytes(connection.reader.received[begin : connection.reader._at])
        with self._lock:
            self._requests.append(recorded)
        reply = rule(recorded) if callable(rule) else rule
        if reply.raw:
            reply.raw(connection, recorded)
            return False
        self._send(connection, recorded, reply)
        return True

    def _send(self, connection: Connection, recorded: Recorded, reply: Reply) -> None:
        fields = [("Content-Type", reply.content_type)] if reply.content_type else []
        fields += reply.fields
        if reply.pieces is not None:
            connection.send_head(reply.status, *fields, ("Transfer-Encoding", "chunked"))
            for piece in reply.pieces:
                connection.send(chunked(piece)[: -len(b"0\r\n\r\n")])
            connection.send(b"0\r\n\r\n")
            return
        fields.append(("Content-Length", str(len(reply.body))))
        connection.send_head(reply.status, *fields)
        if recorded.method != "HEAD":
            connection.send(reply.body)

    def close(self) -> None:
        if self._stopping:
            return
        self._stopping = True
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self.connections.values()):
            try:
                connection.sock.shutdown(socket.SHUT_RDWR)
                connection.sock.close()
            except OSError:
                pass
