"""Attack matrix, group D: framing and headers, as bytes. Choices: 68, 72 and 83 are refusals
(400, 400, 403); 84 negotiates http/1.1 or fails."""

import json
import socket
import ssl
import uuid
from pathlib import Path

import pytest
from attack import POD, Attack, check_status
from documents import READ_ACCESS
from harness import KubeCluster, Postern, User, upstream_kubeconfig
from pki import Authority
from raw_http import chunked, request_bytes
from test_sessions import Access
from upstream import RecordingUpstream

OWN = {
    "host", "accept", "accept-encoding", "authorization", "user-agent", "content-type",
    "content-length", "transfer-encoding", "impersonate-user", "impersonate-group",
    "x-forwarded-for", "audit-id", "impersonate-uid",
}  # fmt: skip
SMUGGLED = f"GET {POD}/db-0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


def head(attack: Attack, *lines: bytes, method: str = "GET", target: str = f"{POD}/nginx-1") -> bytes:
    """A request head with alice's credential, whose further lines are bytes."""
    name, value = attack.postern.credential("alice")
    first = [f"{method} {target} HTTP/1.1".encode(), f"{name}: {value}".encode()]
    return b"\r\n".join([*first, *lines]) + b"\r\n\r\n"


REFUSED = {
    "D060-te-gzip": (b"Host: a\r\nTransfer-Encoding: gzip", b"hello" + SMUGGLED),
    "D061-te-xchunked": (b"Host: a\r\nTransfer-Encoding: xchunked", chunked(b"hello") + SMUGGLED),
    "D062-te-chunked-gzip": (b"Host: a\r\nTransfer-Encoding: chunked, gzip", chunked(b"hello")),
    "D062-te-twice": (b"Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", chunked(b"x")),
    "D062-te-and-length": (b"Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", chunked(b"hello")),
    "D062-te-vertical-tab": (b"Host: a\r\nTransfer-Encoding: \x0bchunked", chunked(b"hello")),
    "D063-length-list": (b"Host: a\r\nContent-Length: 5, 5", b"hello"),
    "D064-two-lengths": (b"Host: a\r\nContent-Length: 5\r\nContent-Length: 6", b"hello!"),
    "D064-same-length-twice": (b"Host: a\r\nContent-Length: 5\r\nContent-Length: 5", b"hello"),
    "D064-signed-length": (b"Host: a\r\nContent-Length: +5", b"hello"),
    "D064-hex-length": (b"Host: a\r\nContent-Length: 0x5", b"hello"),
    "D064-huge-length": (b"Host: a\r\nContent-Length: 99999999999999999999", b""),
    "D065-no-host": (b"Accept: */*", b""),
    "D065-two-hosts": (b"Host: a\r\nHost: b", b""),
    "D068-folded-line": (b"Host: a\r\nX-A: b\r\n Impersonate-Group: system:masters", b""),
    "D072-underscore": (b"Host: a\r\nImpersonate_User: root", b""),
    "D072-space-before-colon": (b"Host: a\r\nImpersonate-User : root", b""),
    "D072-no-colon": (b"Host: a\r\nnothing", b""),
    "D072-empty-name": (b"Host: a\r\n: x", b""),
    "D072-two-credentials": (b"Host: a\r\nAuthorization: Bearer other", b""),
    "D082-bare-lf": (b"Host: a\r\nX-A: b\nImpersonate-User: root", b""),
    "D082-bare-cr": (b"Host: a\r\nX-A: b\rImpersonate-User: root", b""),
    "D082-nul": (b"Host: a\r\nX-A: b\x00c", b""),
    "D082-escape": (b"Host: a\r\nX-A: \x1b[31m", b""),
}  # fmt: skip


@pytest.mark.parametrize(("lines", "body"), REFUSED.values(), ids=REFUSED.keys())
def test_ambiguous_message_is_400_and_the_end(attack: Attack, lines: bytes, body: bytes) -> None:
    client = attack.client()
    client.send(head(attack, lines, method="POST") + body)
    check_status(answer := client.read_response())
    assert answer.status == 400
    assert client.is_closed(), f"more came: {client.received!r}"
    attack.untouched()


def test_d060_first_line_must_be_a_request(attack: Attack) -> None:
    for line in (b"GET  /version HTTP/1.1", b"GET /version", b"GET /version HTTP/2.0",
                 b"GET /version HTTP/1.1 x", b" GET /version HTTP/1.1", b"\x16\x03\x01"):  # fmt: skip
        client = attack.client()
        client.send(line + b"\r\nHost: a\r\n\r\n")
        assert client.read_response().status in (400, 505)
        assert client.is_closed()
    attack.untouched()


def test_d066_d067_trailers_are_not_headers(attack: Attack) -> None:
    body = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nginx-9"}}).encode()
    trailer = (
        b"Authorization: Bearer x\r\nContent-Type: application/yaml\r\n"
        b"Impersonate-User: root\r\nX-Smuggled: 1\r\n"
    )
    client = attack.client()
    client.send(
        head(attack, b"Host: a", b"Content-Type: application/json", b"Transfer-Encoding: chunked",
             method="POST", target=POD)
        + chunked(body[:10], body[10:], trailer=trailer)
    )  # fmt: skip
    assert client.read_response().status == 201
    request = attack.forwarded(f"POST {POD}")
    assert request.get("Content-Type") == "application/json"
    assert request.get("Impersonate-User") == "alice"
    assert "x-smuggled" not in request.message.names() and not request.message.trailers
    assert b"Smuggled" not in request.message.raw
    assert json.loads(request.message.body) == json.loads(body)


@pytest.mark.parametrize(
    "chunk",
    [b"5\nhello\r\n0\r\n\r\n", b"5\r\nhello0\r\n\r\n", b"-5\r\nhello\r\n", b"0x5\r\nhello\r\n0\r\n\r\n",
     b"5 \r\nhello\r\n0\r\n\r\n", b"fffffffffffffffff\r\nhello", b"\r\nhello\r\n0\r\n\r\n"],
    ids=lambda chunk: f"D062-chunk-{chunk[:8]!r}",
)  # fmt: skip
def test_broken_chunks_are_400_and_the_end(attack: Attack, chunk: bytes) -> None:
    client = attack.client()
    client.send(
        head(attack, b"Host: a", b"Transfer-Encoding: chunked", method="POST", target=POD) + chunk
    )
    assert client.read_response().status == 400
    assert client.is_closed()
    attack.untouched()


IDENTITY = {
    "D069-user": [("Impersonate-User", "root")],
    "D070-group": [("impersonate-GROUP", "system:masters")],
    "D070-user-and-group": [("Impersonate-User", "alice"), ("Impersonate-Group", "system:masters")],
    "D071-extra": [("Impersonate-Extra-Scopes", "x")],
    "D071-uid": [("Impersonate-Uid", "x")],
    "D071-unknown": [("Impersonate-Anything", "x")],
    "D071-two-users": [("Impersonate-User", "alice"), ("Impersonate-User", "root")],
}


@pytest.mark.parametrize("fields", IDENTITY.values(), ids=IDENTITY.keys())
def test_foreign_identity_is_403(attack: Attack, fields: list[tuple[str, str]]) -> None:
    attack.refused(attack.send("GET", f"{POD}/nginx-1", fields), 403, 400)


def test_d069_ones_own_name_may_be_chosen(attack: Attack) -> None:
    fields = [("Impersonate-User", "alice"), ("Impersonate-Group", "dev-team")]
    assert attack.send("GET", f"{POD}/nginx-1", fields).status == 200
    request = attack.forwarded()
    assert request.message.all("Impersonate-User") == ["alice"]
    assert set(request.message.all("Impersonate-Group")) <= {"dev-team", "system:authenticated"}


DROPPED = {
    "D073-front-proxy": [("X-Remote-User", "admin"), ("X-Remote-Group", "system:masters"),
                         ("X-Remote-Extra-A", "b"), ("X-Remote-Uid", "1")],
    "D075-hop-by-hop": [("Proxy-Connection", "keep-alive"), ("Keep-Alive", "timeout=9"),
                        ("TE", "trailers"), ("Connection", "TE, X-Secret"), ("X-Secret", "1")],
    "D075-trailer": [("Trailer", "X-A")],
    "D078-rewriting": [("Cookie", "a=b"), ("X-Forwarded-For", "1.2.3.4"), ("Forwarded", "for=1.2.3.4"),
                       ("X-Original-URL", "/api/v1/secrets"), ("X-Rewrite-URL", "/api/v1/secrets"),
                       ("X-Forwarded-Host", "evil"), ("X-Real-Ip", "1.2.3.4")],
    "D078-others": [("Range", "bytes=0-1"), ("X-Anything", "1"),
                        ("Origin", "https://evil.example"), ("Proxy-Authorization", "Basic eA==")],
}  # fmt: skip


@pytest.mark.parametrize("fields", DROPPED.values(), ids=DROPPED.keys())
def test_no_header_goes_upstream_but_ours(attack: Attack, fields: list[tuple[str, str]]) -> None:
    assert attack.send("GET", f"{POD}/nginx-1", fields).status == 200
    request = attack.forwarded()
    extra = {n for n in request.message.names() if n not in OWN}
    assert not {n for n in extra if not n.startswith("impersonate-extra-")}, extra
    assert "1.2.3.4" not in request.message.raw.decode()
    assert request.get("Authorization") == "Bearer upstream-token-of-postern"


def test_d075_upgrade_to_h2c_is_not_passed_on(attack: Attack) -> None:
    fields = [("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"), ("HTTP2-Settings", "AA")]
    answer = attack.send("GET", f"{POD}/nginx-1", fields)
    if answer.status == 200:
        assert "upgrade" not in attack.forwarded().message.names()
    else:
        attack.refused(answer, 400, 403)


def test_d074_upgrade_carries_our_connection_only(attack: Attack) -> None:
    key = "dGhlIHNhbXBsZSBub25jZQ=="
    fields = [("Connection", "Upgrade, Impersonate-User"), ("Upgrade", "websocket"),
              ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", "13"), ("X-Remote-User", "admin"),
              ("Sec-WebSocket-Protocol", "v5.channel.k8s.io")]  # fmt: skip
    attack.send("GET", f"{POD}/nginx-1/exec?command=id", fields)
    request = attack.forwarded(f"GET {POD}/nginx-1/exec?command=id")
    assert request.message.all("Connection") == ["Upgrade"]
    assert request.message.all("Upgrade") == ["websocket"]
    assert request.get("Impersonate-User") == "alice"
    assert "x-remote-user" not in request.message.names()


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param([], id="D076-nothing"),
        pytest.param([("Authorization", "Bearer ")], id="D077-empty-token"),
        pytest.param([("Authorization", "Bearer")], id="D077-no-token"),
        pytest.param([("Authorization", "Bearer wrong")], id="D077-wrong-token"),
        pytest.param([("Authorization", "Basic YWxpY2U6eA==")], id="D077-basic"),
        pytest.param([("Authorization", "Bearer upstream-token-of-postern")], id="D077-our-own"),
        pytest.param([("X-Remote-User", "alice")], id="D076-front-proxy"),
    ],
)
def test_without_a_credential_it_is_401(attack: Attack, fields: list[tuple[str, str]]) -> None:
    status = attack.refused(attack.send("GET", f"{POD}/nginx-1", fields, user=None), 401)
    assert status["reason"] == "Unauthorized"


def test_d079_audit_id_is_ours(attack: Attack) -> None:
    attack.send("GET", f"{POD}/nginx-1", [("Audit-ID", "attacker")])
    ours = attack.forwarded().get("Audit-ID")
    assert ours != "attacker" and str(uuid.UUID(ours)) == ours


def test_d080_extra_keys_are_encoded(
    tmp_path: Path, authority: Authority, recording_upstream: RecordingUpstream
) -> None:
    """Lower-case tokens with %XX for all else; postern's only one names the access request."""
    recording_upstream.reset()
    kubeconfig = upstream_kubeconfig(
        tmp_path / "upstream.kubeconfig", recording_upstream.url, recording_upstream.ca_file, "x"
    )
    with Postern(tmp_path / "postern", authority, clusters=[KubeCluster("mycluster", kubeconfig)],
                 documents=READ_ACCESS, users=[User("alice"), User("bob")]) as postern:  # fmt: skip
        access = Access(postern)
        assert access.status_of(f"{POD}/nginx-1") == 200
    (request,) = recording_upstream.client_requests
    extra = [field for field in request.message.fields if field[0].lower().startswith("impersonate-extra-")]
    assert extra == [("Impersonate-Extra-access.postern.dev%2Frequest", access.name)]


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([b"X-A: " + b"a" * 200 * 1024], id="D081-one-long-line"),
        pytest.param([b"X-%d: a" % number for number in range(1000)], id="D081-many-lines"),
    ],
)
def test_large_head_is_431_and_the_end(attack: Attack, lines: list[bytes]) -> None:
    client = attack.client()
    client.send(head(attack, b"Host: a", *lines))
    assert client.read_response().status == 431
    assert client.is_closed()
    attack.untouched()


def test_d083_refused_body_is_never_awaited(attack: Attack) -> None:
    body = json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}}).encode()
    client = attack.client()
    client.send(
        head(attack, b"Host: a", b"Expect: 100-continue", b"Content-Type: application/json",
             b"Content-Length: %d" % len(body), method="POST",
             target="/api/v1/namespaces/dev/secrets")
    )  # fmt: skip
    assert client.read_response().status in (403, 417)
    attack.untouched()


def test_d083_allowed_body_is_invited(attack: Attack) -> None:
    body = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nginx-9"}}).encode()
    client = attack.client()
    client.send(
        head(attack, b"Host: a", b"Expect: 100-continue", b"Content-Type: application/json",
             b"Content-Length: %d" % len(body), method="POST", target=POD)
    )  # fmt: skip
    assert client.read_response().status == 100
    client.send(body)
    assert client.read_response().status == 201
    assert "expect" not in attack.forwarded().message.names()


def test_d083_unknown_expectation_is_417(attack: Attack) -> None:
    client = attack.client()
    client.send(head(attack, b"Host: a", b"Expect: 200-ok"))
    assert client.read_response().status in (400, 417)
    attack.untouched()


def test_d084_http2_is_never_negotiated(attack: Attack) -> None:
    try:
        client = attack.client(alpn=("h2",))
    except ssl.SSLError:
        return
    assert client.sock.selected_alpn_protocol() in (None, "http/1.1")  # type: ignore[attr-defined]
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
    client.is_closed()
    assert not client.received or client.received.startswith(b"HTTP/1.1 ")


def test_d084_alpn_prefers_http11(attack: Attack) -> None:
    client = attack.client(alpn=("h2", "http/1.1"))
    assert client.sock.selected_alpn_protocol() == "http/1.1"  # type: ignore[attr-defined]


def test_d084_old_tls_is_refused(attack: Attack) -> None:
    context = ssl.create_default_context(cafile=str(attack.postern.ca_file))
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", attack.postern.port), timeout=5) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_pipelined_requests_are_answered_in_order(attack: Attack) -> None:
    client = attack.client()
    targets = [f"{POD}/nginx-1", f"{POD}/db-0", f"{POD}/nginx-2", "/version", f"{POD}/nginx-1"]
    client.send(b"".join(attack.postern.request("alice", "GET", t) for t in targets))
    answers = [client.read_response() for _ in targets]
    assert [a.status for a in answers] == [200, 403, 200, 200, 200]
    assert answers[0].json()["metadata"]["name"] == "nginx-1"
    assert answers[2].json()["metadata"]["name"] == "nginx-2"
    assert answers[4].json()["metadata"]["name"] == "nginx-1"


def test_pipelined_behind_a_body_is_the_next_request(attack: Attack) -> None:
    body = json.dumps({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "nginx-9"}}).encode()
    client = attack.client()
    post = attack.postern.request("alice", "POST", POD, [("Content-Type", "application/json")], body)
    client.send(post + attack.postern.request("alice", "GET", f"{POD}/nginx-1"))
    assert [client.read_response().status for _ in range(2)] == [201, 200]


def test_bytes_one_at_a_time_are_the_same_request(attack: Attack) -> None:
    client = attack.client()
    for byte in attack.postern.request("alice", "GET", f"{POD}/nginx-1"):
        client.send(bytes([byte]))
    assert client.read_response().status == 200
    attack.forwarded(f"GET {POD}/nginx-1")


def test_http10_is_answered_and_closed(attack: Attack) -> None:
    client = attack.client()
    request = request_bytes("GET", f"{POD}/nginx-1", [attack.postern.credential("alice")])
    client.send(request.replace(b"HTTP/1.1", b"HTTP/1.0"))
    answer = client.read_response()
    assert answer.status == 200 and answer.get("Transfer-Encoding") is None
    assert client.is_closed()


def test_two_credentials_that_disagree_are_401(attack: Attack) -> None:
    """A client certificate of bob and a token of alice."""
    pair = attack.postern.authority.issue(str(attack.postern.folder / "bob"), "bob")
    client = attack.client(client=pair)
    client.send(attack.postern.request("alice", "GET", f"{POD}/nginx-1"))
    check_status(answer := client.read_response())
    assert answer.status == 401
    attack.untouched()


def test_two_credentials_that_agree_are_one(attack: Attack) -> None:
    pair = attack.postern.authority.issue(str(attack.postern.folder / "alice"), "alice")
    client = attack.client(client=pair)
    client.send(attack.postern.request("alice", "GET", f"{POD}/nginx-1"))
    assert client.read_response().status == 200
