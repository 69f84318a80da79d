"""HTTP/1.1 over TLS as bytes: what was sent and what came are kept, nothing is corrected."""

import json
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pki import KeyPair


class Cut(Exception):
    """The peer ended the connection before the message was whole; `got` is what had come."""

    def __init__(self, got: bytes) -> None:
        super().__init__(f"connection ended after {len(got)} bytes: {got[-200:]!r}")
        self.got = got


@dataclass
class Message:
    """A request or a response as it was read: first line, fields in their order, decoded body."""

    start_line: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    raw: bytes = b""
    complete: bool = True  # False: the peer ended the connection inside of the body
    trailers: list[tuple[str, str]] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.start_line.split(" ")[1])

    @property
    def method(self) -> str:
        return self.start_line.split(" ")[0]

    @property
    def target(self) -> str:
        return self.start_line.split(" ")[1]

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def get(self, name: str) -> str | None:
        values = self.all(name)
        return values[0] if values else None

    def names(self) -> set[str]:
        return {key.lower() for key, _ in self.fields}

    def json(self) -> Any:
        return json.loads(self.body)


def parse_head(head: bytes) -> Message:
    lines = head.decode("latin-1").split("\r\n")
    fields = []
    for line in lines[1:]:
        if line:
            name, _, value = line.partition(":")
            fields.append((name, value.strip()))
    return Message(lines[0], fields)


class Reader:
    """Takes whole messages off a socket; `received` keeps every byte that came."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.received = bytearray()
        self._at = 0

    def _more(self) -> bool:
        """One more read; False at the end of the stream, clean or not."""
        try:
            data = self.sock.recv(65536)
        except (ConnectionError, ssl.SSLError) as error:
            if isinstance(error, ssl.SSLWantReadError):
                raise
            return False
        self.received += data
        return bool(data)

    def _need(self, size: int) -> None:
        while len(self.received) - self._at < size:
            if not self._more():
                raise Cut(self.rest())

    def rest(self) -> bytes:
        """What has come and was not taken yet."""
        return bytes(self.received[self._at :])

    def take(self, size: int) -> bytes:
        self._need(size)
        taken = bytes(self.received[self._at : self._at + size])
        self._at += size
        return taken

    def take_some(self) -> bytes:
        """What is there, at least one byte; b"" at the end of the stream."""
        if len(self.received) == self._at and not self._more():
            return b""
        taken = self.rest()
        self._at = len(self.received)
        return taken

    def take_until(self, mark: bytes) -> bytes:
        while (found := self.received.find(mark, self._at)) < 0:
            if not self._more():
                raise Cut(self.rest())
        taken = bytes(self.received[self._at : found + len(mark)])
        self._at = found + len(mark)
        return taken

    def take_all(self) -> bytes:
        """Everything until the peer ends the stream."""
        while self._more():
            pass
        taken = self.rest()
        self._at = len(self.received)
        return taken

    def head(self) -> Message:
        return parse_head(self.take_until(b"\r\n\r\n"))

    def chunk(self) -> bytes:
        """The next chunk of a chunked body; b"" for the last, whose trailer is left in place."""
        size = int(self.take_until(b"\r\n").split(b";")[0], 16)
        if size == 0:
            return b""
        data = self.take(size)
        assert self.take(2) == b"\r\n", "a chunk must end with CRLF"
        return data

    def chunks(self) -> bytes:
        """A chunked body up to its last chunk, without a trailer; Cut without one."""
        pieces = []
        while piece := self.chunk():
            pieces.append(piece)
        assert self.trailers() == []
        return b"".join(pieces)

    def trailers(self) -> list[tuple[str, str]]:
        found = []
        while (line := self.take_until(b"\r\n")) != b"\r\n":
            name, _, value = line.decode("latin-1").partition(":")
            found.append((name, value.strip()))
        return found

    def body(self, message: Message, *, bodyless: bool = False, until_close: bool = False) -> None:
        """Reads the body of `message` into it; a body that was cut leaves complete = False."""
        if bodyless:
            return
        pieces: list[bytes] = []
        try:
            if "chunked" in (message.get("Transfer-Encoding") or "").lower():
                while piece := self.chunk():
                    pieces.append(piece)
                message.trailers = self.trailers()
            elif message.get("Content-Length") is not None:
                pieces.append(self.take(int(message.get("Content-Length") or "0")))
            elif until_close:
                pieces.append(self.take_all())
        except Cut as cut:
            message.complete = False
            pieces.append(cut.got)
        message.body = b"".join(pieces)


class RawClient:
    """One TLS connection to a server; for use as a context manager."""

    def __init__(
        self,
        port: int,
        ca_file: Path | str,
        *,
        client: KeyPair | None = None,
        alpn: tuple[str, ...] = ("http/1.1",),
        timeout: float = 15.0,
        receive_buffer: int | None = None,
    ) -> None:
        context = ssl.create_default_context(cafile=str(ca_file))
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if client:
            context.load_cert_chain(client.cert_file, client.key_file)
        plain = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        plain.settimeout(timeout)
        if receive_buffer:
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            plain.connect(("127.0.0.1", port))
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.sock = context.wrap_socket(plain, server_hostname="127.0.0.1")
        except BaseException:
            plain.close()
            raise
        self.reader = Reader(self.sock)
        self.sent = bytearray()

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.sock.close()

    @property
    def received(self) -> bytes:
        return bytes(self.reader.received)

    def send(self, data: bytes) -> None:
        """Sends exactly this; a peer that has already hung up is no error here."""
        self.sent += data
        try:
            self.sock.sendall(data)
        except (ConnectionError, ssl.SSLError):
            pass

    def read_head(self) -> Message:
        return self.reader.head()

    def read_response(self, method: str = "GET") -> Message:
        """The next response, informational ones included; Cut when there is no whole head."""
        begin = self.reader._at
        message = self.reader.head()
        informational = message.status < 200
        bodyless = informational or method == "HEAD" or message.status in (204, 304)
        self.reader.body(message, bodyless=bodyless, until_close=True)
        message.raw = bytes(self.reader.received[begin : self.reader._at])
        return message

    def read_event(self) -> Any:
        """The next JSON line of a chunked watch stream; Cut at its end, however it comes."""
        buffer = getattr(self, "_events", b"")
        while b"\n" not in buffer:
            piece = self.reader.chunk()
            if not piece:
                raise Cut(buffer)
            buffer += piece
        line, _, self._events = buffer.partition(b"\n")
        return json.loads(line)

    def is_closed(self, seconds: float = 5.0) -> bool:
        """Whether the peer ends the connection within so long, sending nothing more."""
        self.sock.settimeout(seconds)
        try:
            return self.reader.take_some() == b""
        except (TimeoutError, ssl.SSLWantReadError):
            return False


def request_bytes(
    method: str,
    target: str | bytes,
    fields: list[tuple[str, str]],
    body: bytes | None = None,
    *,
    host: str | None = "127.0.0.1",
) -> bytes:
    """A request with exactly these fields, Host first and Content-Length where there is a body."""
    raw_target = target if isinstance(target, bytes) else target.encode("latin-1")
    lines = [b"%s %s HTTP/1.1" % (method.encode(), raw_target)]
    if host is not None:
        lines.append(b"Host: " + host.encode())
    lines += [f"{name}: {value}".encode("latin-1") for name, value in fields]
    names = {name.lower() for name, _ in fields}
    if body is not None and not names & {"content-length", "transfer-encoding"}:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def chunked(*pieces: bytes, trailer: bytes = b"") -> bytes:
    """A chunked body of these pieces, with the trailer's lines if any."""
    coded = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces if piece)
    return coded + b"0\r\n" + trailer + b"\r\n"


def wait_for(what: str, done: Any, seconds: float = 10.0) -> Any:
    """Polls `done` until it is true and gives what it gave; AssertionError after `seconds`."""
    deadline = time.monotonic() + seconds
    while not (found := done()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.02)
    return found
