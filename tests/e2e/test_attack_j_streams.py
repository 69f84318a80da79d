"""Attack matrix, group J: subresources and upgraded connections. Choices: 182 is 401 or 400; 187 to
189 are refused before any call; 194 is 400 or 403."""

import base64
import hashlib
import json
import threading
from urllib.parse import quote

import pytest
from attack import POD, Attack, check_status
from raw_http import Cut, RawClient, wait_for
from upstream import Connection, Recorded, Reply

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
EXEC = f"{POD}/nginx-1/exec?container=a&command=sh&command=-c&command=x%3By&stdout=true"
V5 = "v5.channel.k8s.io"


def websocket(protocol: str = V5) -> list[tuple[str, str]]:
    return [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", KEY), ("Sec-WebSocket-Protocol", protocol)]  # fmt: skip


def spdy() -> list[tuple[str, str]]:
    return [("Connection", "Upgrade"), ("Upgrade", "SPDY/3.1"),
            ("X-Stream-Protocol-Version", "v5.channel.k8s.io"),
            ("X-Stream-Protocol-Version", "v4.channel.k8s.io")]  # fmt: skip


def accept_key(key: str) -> str:
    digest = hashlib.sha1((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    return base64.b64encode(digest).decode()


def switch(connection: Connection, request: Recorded) -> None:
    """The 101 that fits the request."""
    if request.get("Upgrade") == "websocket":
        connection.send_head(
            101, ("Connection", "Upgrade"), ("Upgrade", "websocket"),
            ("Sec-WebSocket-Accept", accept_key(request.get("Sec-WebSocket-Key") or "")),
            ("Sec-WebSocket-Protocol", (request.get("Sec-WebSocket-Protocol") or "").split(",")[0]),
        )  # fmt: skip
    else:
        connection.send_head(101, ("Connection", "Upgrade"), ("Upgrade", "SPDY/3.1"),
                             ("X-Stream-Protocol-Version", "v5.channel.k8s.io"))  # fmt: skip


def echo(connection: Connection, request: Recorded) -> None:
    """Switches protocols, then sends back what comes, and at its end says goodbye."""
    switch(connection, request)
    connection.sock.settimeout(30)
    while data := connection.reader.take_some():
        connection.send(data)


@pytest.mark.parametrize(
    ("method", "fields"), [("GET", websocket()), ("POST", spdy())], ids=["J176-websocket", "spdy"]
)
def test_exec_is_a_tunnel_after_101(
    attack: Attack, method: str, fields: list[tuple[str, str]]
) -> None:
    attack.on("/exec", Reply(raw=echo))
    client = attack.client()
    client.send(attack.postern.request("alice", method, EXEC, fields))
    answer = client.read_head()
    assert answer.status == 101
    assert (answer.get("Connection") or "").lower() == "upgrade"
    if method == "GET":
        assert answer.get("Sec-WebSocket-Accept") == accept_key(KEY)
        assert answer.get("Sec-WebSocket-Protocol") == V5
    else:
        assert answer.get("X-Stream-Protocol-Version") == "v5.channel.k8s.io"
    data = bytes(range(256)) * 1000
    client.send(data)
    assert client.reader.take(len(data)) == data
    request = attack.forwarded()
    assert request.line == f"{method} {EXEC}"  # J183: the order of `command`, encoded by us
    assert request.message.all("Connection") == ["Upgrade"]


def test_j177_exec_on_a_hidden_pod_is_403(attack: Attack) -> None:
    path = f"{POD}/db-0/exec?command=id"
    attack.refused(attack.send("GET", path, websocket()), 403)
    attack.refused(attack.send("POST", path, spdy()), 403)
    attack.refused(attack.send("POST", path), 403)
    attack.refused(attack.send("GET", f"{POD}/db-0/portforward?ports=80", websocket()), 403)
    attack.refused(attack.send("GET", f"{POD}/db-0/attach", websocket()), 403)


@pytest.mark.parametrize("code", [200, 400, 403, 404, 500])
def test_j178_refused_upgrade_is_an_ordinary_answer(attack: Attack, code: int) -> None:
    body = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "metadata": {},
                       "message": "container not found", "code": code}).encode()  # fmt: skip
    ended = threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(code, ("Content-Type", "application/json"),
                             ("Content-Length", str(len(body))))  # fmt: skip
        connection.send(body + b"db-0 is beyond the body")
        if connection.wait_for_end(10):
            ended.set()

    attack.on("/exec", Reply(raw=script))
    client = attack.client()
    client.send(attack.postern.request("alice", "GET", EXEC, websocket()))
    answer = client.read_response()
    if code == 200:
        assert answer.status in (200, 502)
    else:
        assert answer.status == code and answer.json()["message"] == "container not found"
    client.send(b"spliced?")
    assert client.is_closed()
    assert ended.wait(5)


def switching_without(*fields: tuple[str, str]) -> Reply:
    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(101, *fields)
        connection.send(b"db-0")
        connection.wait_for_end(10)

    return Reply(raw=script)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([], id="J179-no-upgrade"),
        pytest.param([("Connection", "Upgrade"), ("Upgrade", "h2c")], id="J179-another"),
        pytest.param(
            [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Accept", "x"),
             ("Sec-WebSocket-Protocol", V5)],
            id="J179-wrong-accept",
        ),
    ],
)  # fmt: skip
def test_101_that_does_not_fit_is_502(attack: Attack, fields: list[tuple[str, str]]) -> None:
    attack.on("/exec", switching_without(*fields))
    client = attack.client()
    client.send(attack.postern.request("alice", "GET", EXEC, websocket()))
    assert client.read_response().status == 502
    assert client.is_closed()


def test_j179_101_that_nobody_asked_for_is_502(attack: Attack) -> None:
    attack.on("/nginx-1$", switching_without(("Connection", "Upgrade"), ("Upgrade", "websocket")))
    assert attack.send("GET", f"{POD}/nginx-1").status == 502


def test_j180_early_bytes_wait_for_the_101(attack: Attack) -> None:
    early = threading.Event()
    go_on = threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        if connection.reader.rest():
            early.set()
        go_on.wait(10)
        switch(connection, request)
        connection.sock.settimeout(10)
        connection.send(connection.reader.take(5))

    attack.on("/exec", Reply(raw=script))
    client = attack.client()
    client.send(attack.postern.request("alice", "GET", EXEC, websocket()) + b"early")
    go_on.set()
    assert client.read_head().status == 101
    assert client.reader.take(5) == b"early"
    assert not early.is_set()


def test_j180_early_bytes_of_a_refused_upgrade_are_no_request(attack: Attack) -> None:
    client = attack.client()
    hidden = attack.postern.request("alice", "GET", f"{POD}/db-0/exec?command=id", websocket())
    client.send(hidden + attack.postern.request("alice", "GET", f"{POD}/nginx-1"))
    assert client.read_response().status == 403
    try:
        client.read_response()
    except Cut:
        pass
    attack.upstream.client_requests  # noqa: B018
    assert all("/exec" not in r.target for r in attack.upstream.client_requests)


def bearer(token: str) -> str:
    encoded = base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")
    return f"base64url.bearer.authorization.k8s.io.{encoded}"


def test_j181_bearer_in_a_subprotocol_never_goes_upstream(attack: Attack) -> None:
    attack.on("/exec", Reply(raw=echo))
    token = attack.postern.users["alice"].token
    for user in (None, "alice"):
        attack.upstream.reset()
        attack.on("/exec", Reply(raw=echo))
        client = attack.client()
        fields = websocket(f"{bearer(token)}, {V5}")
        client.send(attack.postern.request(user, "GET", EXEC, fields))
        answer = client.read_head()
        if user is None and answer.status == 401:
            attack.untouched()
            continue
        assert answer.status == 101
        assert answer.get("Sec-WebSocket-Protocol") == V5
        assert bearer(token) not in attack.forwarded().message.raw.decode()
        assert attack.forwarded().get("Sec-WebSocket-Protocol") == V5


def test_j182_bearer_alone_is_refused(attack: Attack) -> None:
    token = attack.postern.users["alice"].token
    answer = attack.send("GET", EXEC, websocket(bearer(token)), user=None)
    attack.refused(answer, 400, 401)


@pytest.mark.parametrize(
    ("method", "path", "codes"),
    [
        pytest.param("GET", f"{POD}/nginx-1:80/exec?command=id", (400, 403, 404), id="J184-port"),
        pytest.param("GET", f"{POD}/db-0/log", (403,), id="J186-log"),
        pytest.param("GET", f"{POD}/http:db-0:80/proxy/", (400, 403), id="J187-proxy"),
        pytest.param("GET", f"{POD}/nginx-1/proxy/", (403, 400), id="J187-proxy-of-granted"),
        pytest.param(
            "GET", "/api/v1/namespaces/dev/services/https:web:443/proxy/x", (400, 403), id="J188"
        ),
        pytest.param("GET", "/api/v1/nodes/n1/proxy/pods", (403,), id="J188-node"),
        pytest.param("PATCH", f"{POD}/nginx-1/resize", (403, 415), id="J191-resize"),
        pytest.param("POST", f"{POD}/nginx-1/checkpoint", (403,), id="J191-checkpoint"),
        pytest.param("POST", f"{POD}/nginx-1/binding", (403,), id="J191-binding"),
        pytest.param("GET", f"{POD}/nginx-1/foo", (403, 404), id="J191-unknown"),
        pytest.param(
            "POST", "/api/v1/namespaces/dev/serviceaccounts/default/token", (403,), id="J192-token"
        ),
    ],
)
def test_subresource_without_a_grant(
    attack: Attack, method: str, path: str, codes: tuple[int, ...]
) -> None:
    body = b"{}" if method in ("POST", "PATCH") else None
    attack.refused(attack.send(method, path, body=body), *codes)


def test_j191_status_follows_the_verb(attack: Attack) -> None:
    assert attack.send("GET", f"{POD}/nginx-1/status").status == 200
    attack.forwarded(f"GET {POD}/nginx-1/status")


def test_j185_log_is_streamed_piece_by_piece(attack: Attack) -> None:
    next_line = threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked"))
        connection.send_chunk(b"one\n")
        next_line.wait(10)
        connection.send_chunk(b"two\n")
        connection.send(b"0\r\n\r\n")

    attack.on("/log", Reply(raw=script))
    client = attack.client()
    client.send(attack.postern.request("alice", "GET", f"{POD}/nginx-1/log?follow=true"))
    answer = client.read_head()
    assert answer.status == 200 and answer.get("Content-Type") == "text/plain"
    assert client.reader.chunk() == b"one\n"
    next_line.set()
    assert client.reader.chunk() == b"two\n"
    assert client.reader.chunk() == b""


SERVICE = "/api/v1/namespaces/dev/services"


@pytest.mark.parametrize(
    "path",
    [f"{SERVICE}/web:80/proxy/../../secrets", f"{SERVICE}/web:80/proxy/%2e%2e/secrets",
     f"{SERVICE}/web:80/proxy/a%2Fb", f"{SERVICE}/web/proxy/a/../../../secrets"],
)  # fmt: skip
def test_j189_dot_segments_behind_proxy_are_400(attack: Attack, path: str) -> None:
    attack.refused(attack.send("GET", path, user="dave"), 400)


def test_j189_proxy_of_a_granted_service(attack: Attack) -> None:
    page = Reply(body=b"<p>hello</p>", content_type="text/html")
    attack.on(f"{SERVICE}/web:80/proxy/index.html$", page)
    answer = attack.send("GET", f"{SERVICE}/web:80/proxy/index.html", user="dave")
    assert answer.status == 200 and answer.body == page.body
    assert answer.get("Content-Type") == "text/html"
    attack.forwarded(f"GET {SERVICE}/web:80/proxy/index.html")
    attack.upstream.reset()
    attack.refused(attack.send("GET", f"{SERVICE}/db:80/proxy/", user="dave"), 400, 403)


UPLOAD = f"{SERVICE}/web:80/proxy/upload"
PIECE, PIECES = 64 * 1024, 1024


class Upload:
    """A body of 64 MiB that a thread of its own sends, and how far that is."""

    def __init__(self, client: RawClient, head: bytes, *, chunked: bool) -> None:
        self.sent = 0
        self.digest = hashlib.sha256()
        self._client, self._chunked = client, chunked
        client.sock.settimeout(60)
        client.sock.sendall(head)
        self.thread = threading.Thread(target=self._send, daemon=True)
        self.thread.start()

    def _send(self) -> None:
        for number in range(PIECES):
            piece = number.to_bytes(4, "big") * (PIECE // 4)
            self._client.sock.sendall(b"%x\r\n%s\r\n" % (PIECE, piece) if self._chunked else piece)
            self.digest.update(piece)
            self.sent += 1
        if self._chunked:
            self._client.sock.sendall(b"0\r\n\r\n")

    def stands(self) -> bool:
        """Whether nothing more can be sent: a second passes without a piece."""
        before = self.sent
        self.thread.join(1)
        return self.sent == before


class Taker:
    """The upstream's side: reads nothing of the body before it is let go, then all of it."""

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.digest = hashlib.sha256()

    def __call__(self, connection: Connection, request: Recorded) -> None:
        self.begun.set()
        self.go_on.wait(60)
        reader = connection.reader
        if request.get("Transfer-Encoding") == "chunked":
            while piece := reader.chunk():
                self.digest.update(piece)
            reader.trailers()
        else:
            self.digest.update(reader.take(int(request.get("Content-Length") or 0)))
        connection.send_head(200, ("Content-Length", "4"))
        connection.send(b"done")


def begin_upload(attack: Attack, taker: Taker, *, chunked: bool) -> tuple[RawClient, Upload]:
    attack.upstream.reset()
    attack.on(f"POST {UPLOAD}$", Reply(raw=taker, unread=True))
    client = attack.client()
    framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(PIECE * PIECES))
    head = attack.postern.request("dave", "POST", UPLOAD, [framing])
    return client, Upload(client, head, chunked=chunked)


def end_upload(taker: Taker, client: RawClient, upload: Upload) -> None:
    """All of it arrives."""
    taker.go_on.set()
    upload.thread.join(60)
    assert client.read_response("POST").body == b"done"
    assert upload.sent == PIECES and taker.digest.digest() == upload.digest.digest()


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "length"])
def test_an_upload_is_held_back(attack: Attack, chunked: bool) -> None:
    """As long as the other side takes nothing, its sender waits: postern keeps nothing for it."""
    free, held = Taker(), Taker()
    free.go_on.set()  # a first one: what a sanitizer keeps of freed memory is kept then
    end_upload(free, *begin_upload(attack, free, chunked=chunked))
    memory = attack.postern.memory()
    client, upload = begin_upload(attack, held, chunked=chunked)
    assert held.begun.wait(15)
    wait_for("the sender to stand still", upload.stands, 60)
    assert 0 < upload.sent < PIECES, "a body was taken that nobody reads"
    grown = attack.postern.memory() - memory
    end_upload(held, client, upload)
    assert grown < 16 * 1024 * 1024, f"{grown} bytes for a body that nobody took"
    attack.forwarded(f"POST {UPLOAD}")


def test_j190_redirect_is_not_relayed(attack: Attack) -> None:
    fields = [("Location", "https://evil.example/prod"), ("Set-Cookie", "a=b")]
    for user, path in (("dave", f"{SERVICE}/web:80/proxy/"), ("alice", f"{POD}/nginx-1"),
                       ("alice", f"{POD}/nginx-1/log"), ("alice", POD)):  # fmt: skip
        attack.on("GET", Reply(302, b"", fields=fields))
        answer = attack.send("GET", path, user=user)
        assert answer.status in (502, 400, 403)
        assert not {"location", "set-cookie"} & answer.names()


@pytest.mark.parametrize("path", [f"{POD}/nginx-1", POD, "/version", f"{POD}/nginx-1/log"])
def test_j194_upgrade_elsewhere_is_refused(attack: Attack, path: str) -> None:
    attack.refused(attack.send("GET", path, websocket()), 400, 403)


def test_j_half_close_lets_the_answer_through(attack: Attack) -> None:
    """A client that ended its side still gets what the other side says."""
    got, ended = threading.Event(), threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        switch(connection, request)
        connection.sock.settimeout(20)
        while connection.reader.take_some():
            pass
        got.set()
        ended.wait(10)  # Python's TLS takes what comes while it says its end for an error
        connection.send(b"after your end")

    attack.on("/exec", Reply(raw=script))
    client = attack.client()
    client.send(attack.postern.request("alice", "POST", EXEC, spdy()))
    assert client.read_head().status == 101
    client.send(b"all of my input")
    half_close(client.sock)
    ended.set()
    assert got.wait(10), "the end of the input did not reach the upstream"
    assert client.reader.take(14) == b"after your end"


def half_close(sock: object) -> None:
    """Sends close_notify and nothing more; Python's unwrap() would wait for the other's."""
    import ssl

    tls: ssl.SSLSocket = sock  # type: ignore[assignment]
    tls.settimeout(0)
    try:
        tls._sslobj.shutdown()  # type: ignore[attr-defined]
    except (ssl.SSLWantReadError, ssl.SSLSyscallError):
        pass
    tls.settimeout(15)


def test_j_upstream_end_ends_the_client(attack: Attack) -> None:
    attack.on("/exec", Reply(raw=switch))
    client = attack.client()
    client.send(attack.postern.request("alice", "GET", EXEC, websocket()))
    assert client.read_head().status == 101
    assert client.is_closed()


def test_j_repeated_values_keep_their_order(attack: Attack) -> None:
    words = ["b", "a", "b", "x y", "ü", "&=;#"]
    query = "&".join(f"command={quote(word, safe='')}" for word in words)
    attack.on("/exec", Reply(raw=echo))
    client = attack.client()
    client.send(attack.postern.request("alice", "GET", f"{POD}/nginx-1/exec?{query}", websocket()))
    assert client.read_head().status == 101
    assert [v for k, v in attack.forwarded().query if k == "command"] == words


def test_j_client_that_vanishes_ends_the_tunnel(attack: Attack) -> None:
    ended = threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        switch(connection, request)
        if connection.wait_for_end(20):
            ended.set()

    attack.on("/exec", Reply(raw=script))
    client = attack.client()
    client.send(attack.postern.request("alice", "GET", EXEC, websocket()))
    check = client.read_head()
    assert check.status == 101
    client.close()
    assert ended.wait(5)


def test_plain_request_to_exec_is_not_a_tunnel(attack: Attack) -> None:
    answer = attack.send("POST", EXEC)
    if answer.status == 400:
        check_status(answer)
        attack.untouched()
    else:
        assert "upgrade" not in attack.forwarded().message.names()
