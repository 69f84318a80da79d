"""How the commands know a server before anything secret is sent: authorities, pins and names, and past a
proxy in between."""

import json
import select
import socket
import ssl
import threading
from pathlib import Path
from typing import Any

import pytest
from desks import Desk, desk  # noqa: F401  (fixtures)
from pki import Authority, certificate_pin, key_pin


def test_a_password_never_goes_to_an_unverified_server(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Authority(tmp_path / "other", "ca", "somebody else")
    for wrong in ((), ("--ca-file", str(other.cert_file)), ("--ca-pin", "sha256:" + "0" * 64),
                  ("--ca-pin", key_pin(other.cert_file))):  # fmt: skip
        said = desk.run("login", "--proxy", desk.proxy, "--user", "alice", *wrong, code=1, stdin="sesame\n")
        assert "cannot be trusted" in said.stderr, said.stderr
    assert desk.server.requests == []
    assert not (desk.home / ".postern").exists()


def test_the_name_counts_too(desk: Desk) -> None:
    ca = ("--ca-file", str(desk.authority.cert_file))
    desk.login(*ca, "--tls-server-name", "wrong.example.com", code=1)
    assert desk.server.requests == []
    desk.login(*ca, "--tls-server-name", "localhost")
    assert desk.server.requests[0].get("Host") == desk.proxy


@pytest.mark.parametrize("kind", [key_pin, certificate_pin])
def test_a_pin_of_the_servers_own_certificate(desk: Desk, kind: Any) -> None:
    shown = desk.home / "shown.crt"
    shown.write_text(ssl.get_server_certificate(("127.0.0.1", desk.server.port)))
    desk.login("--ca-pin", kind(shown).upper().replace("SHA", "sha"))
    desk.run("status")  # the pinned certificate is remembered
    assert "BEGIN CERTIFICATE" in next((desk.home / ".postern").glob("*.proxy.json")).read_text()


def test_a_pin_of_the_authority_that_is_shown(desk: Desk) -> None:
    pair = desk.authority.issue("chained", "chained", hosts=("127.0.0.1",))
    chain = desk.home / "chain.crt"
    chain.write_text(pair.cert_file.read_text() + desk.authority.cert_file.read_text())
    desk.server._context.load_cert_chain(chain, pair.key_file)
    for pin in (key_pin(desk.authority.cert_file), certificate_pin(desk.authority.cert_file)):
        desk.login("--ca-pin", pin)
        desk.run("status")
    said = json.loads(desk.run("users", "invite", "bob", "-o", "json").stdout)
    assert said["caPin"] == key_pin(desk.authority.cert_file)
    assert said["link"] == f"postern://bob@{desk.proxy}/invite/once/{said['caPin']}"
    bob = {"HOME": str(desk.home / "bob")}
    (desk.home / "bob").mkdir()
    done = desk.run("login", said["link"], **bob)
    assert "as bob" in done.stdout
    assert json.loads(desk.asked("POST", "/sessions")[-1].message.body)["spec"]["login"]["invite"] == "once"


def test_https_proxy_and_no_proxy(desk: Desk) -> None:
    """The CONNECT carries nothing of ours."""
    seen: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def tunnel() -> None:
        client, _ = listener.accept()
        seen.append(client.recv(65536))
        upstream = socket.create_connection(("127.0.0.1", desk.server.port))
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            ready = select.select([client, upstream], [], [], 20)[0]
            for one in ready:
                data = one.recv(65536)
                if not data:
                    return
                (upstream if one is client else client).sendall(data)

    threading.Thread(target=tunnel, daemon=True).start()
    desk.login()
    proxy = {"HTTPS_PROXY": f"http://127.0.0.1:{listener.getsockname()[1]}"}
    desk.run("status", **proxy)
    assert seen and seen[0].startswith(f"CONNECT {desk.proxy} ".encode())
    assert b"pst_" not in seen[0]
    desk.run("status", **proxy, NO_PROXY="127.0.0.1")
    listener.close()
