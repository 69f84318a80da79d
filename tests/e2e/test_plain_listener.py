"""The plain listener on loopback, as sidecars use it: whose token, which Host, kubectl through a terminator of
TLS. Attack row: DNS rebinding."""

import http.client
import json
import socket
import ssl
import threading
import time
from typing import Any

import yaml
from cluster import Cluster
from conftest import As
from harness import Postern
from identity import (  # noqa: F401  (fixtures)
    PODS, SESSIONS, ci_token, identity_cluster, kubeconfig, own_kubeconfig, proxy,
)
from listening import accept_each, close_listener
from streams import kubectl_running


def plain(
    proxy: Postern, target: str, *, token: str = "", host: str = "", method: str = "GET",
    body: bytes | None = None,
) -> tuple[int, Any]:  # fmt: skip
    connection = http.client.HTTPConnection("127.0.0.1", proxy.loopback_port, timeout=10)  # type: ignore[attr-defined]
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if host:
            headers["Host"] = host
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection.request(method, target, body, headers)
        response = connection.getresponse()
        return response.status, json.loads(response.read() or b"{}")
    finally:
        connection.close()


def test_the_plain_listener_has_no_identity_of_its_own(proxy: Postern, ci_token: str) -> None:
    alice = proxy.users["alice"].token
    assert plain(proxy, PODS)[0] == 401
    assert plain(proxy, "/version")[0] == 401
    assert plain(proxy, PODS, token="wrong")[0] == 401
    assert plain(proxy, PODS, token=alice)[0] == 200
    assert plain(proxy, PODS, token=ci_token)[0] == 200
    login = {
        "apiVersion": "access.postern.dev/v1alpha1",
        "kind": "Session",
        "spec": {"login": {"user": "root", "password": "x"}},
    }
    status, said = plain(proxy, SESSIONS, method="POST", body=json.dumps(login).encode())
    assert (status, said["reason"]) == (401, "Unauthorized")


def test_dns_rebinding_is_refused(proxy: Postern) -> None:
    alice = proxy.users["alice"].token
    for host in ("evil.example.com", "127.0.0.1.evil.example.com:6443", "10.0.0.1"):
        status, said = plain(proxy, PODS, token=alice, host=host)
        assert status == 403, (host, said)
    for host in ("localhost:6443", "127.0.0.1", "[::1]:6443", "api.sidecar.internal"):
        assert plain(proxy, PODS, token=alice, host=host)[0] == 200, host


def test_the_codec_is_as_strict_there(proxy: Postern) -> None:
    def answer(request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", proxy.loopback_port), 10) as plain_socket:  # type: ignore[attr-defined]
            plain_socket.sendall(request)
            plain_socket.settimeout(10)
            return plain_socket.recv(4096)

    token = proxy.users["alice"].token.encode()
    head = b"GET /version HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + token + b"\r\n"
    assert answer(head + b"\r\n").startswith(b"HTTP/1.1 200")
    for bad in (b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", b" folded: x\r\n",
                b"Host: 127.0.0.1\r\n"):  # fmt: skip
        assert answer(head + bad + b"\r\n").startswith(b"HTTP/1.1 400"), bad
    assert b" 403 " in answer(b"GET /version HTTP/1.0\r\nAuthorization: Bearer " + token + b"\r\n\r\n")


class Terminator:
    """TLS in front of the plain listener, as a dashboard's own server stands before its sidecar.

    (kubectl itself sends no token to an http:// server: client-go drops it.)
    """

    def __init__(self, certificate: Any, port: int) -> None:
        self._to = port
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate.cert_file, certificate.key_file)
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        accept_each(self._listener, self._serve)

    def close(self) -> None:
        close_listener(self._listener)

    def _serve(self, raw: socket.socket) -> None:
        try:
            client = self._context.wrap_socket(raw, server_side=True)
            server = socket.create_connection(("127.0.0.1", self._to))
        except OSError:
            raw.close()
            return
        for source, sink in ((client, server), (server, client)):
            threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    @staticmethod
    def _copy(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        try:
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def test_kubectl_watches_and_executes_through_a_sidecar(
    proxy: Postern, identity_cluster: Cluster, ci_token: str
) -> None:
    outside = Terminator(proxy.certificate, proxy.loopback_port)  # type: ignore[attr-defined]
    try:
        path = kubeconfig(proxy, "sidecar", ci_token, server=f"https://127.0.0.1:{outside.port}")
        ci = As(identity_cluster, path)
        assert ci.names("pods") == {"dev/nginx-1", "dev/nginx-2"}
        assert ci("exec", "nginx-1", "--", "echo", "hello").stdout == "hello\n"
        args = ("get", "pods", "-w", "-o", "name")
        with kubectl_running(identity_cluster, *args, kubeconfig=path) as watch:
            watch.wait_for(rb"nginx-2")
            identity_cluster.kubectl(
                "label", "pod", "nginx-1", "-n", "dev", f"sidecar={time.time_ns()}", "--overwrite"
            )
            watch.wait_for(rb"(?s)nginx-1.*nginx-1")
    finally:
        outside.close()


def test_an_http_server_gets_no_token_from_kubectl(
    proxy: Postern, identity_cluster: Cluster, ci_token: str
) -> None:
    server = f"http://127.0.0.1:{proxy.loopback_port}"  # type: ignore[attr-defined]
    path = kubeconfig(proxy, "plain", ci_token, server=server)
    text = yaml.safe_load(path.read_text())
    del text["clusters"][0]["cluster"]["certificate-authority-data"]
    path.write_text(yaml.safe_dump(text))
    done = identity_cluster.kubectl("get", "--raw", PODS, kubeconfig=path, check=False)
    assert done.returncode == 1 and "Unauthorized" in done.stderr + done.stdout, done
