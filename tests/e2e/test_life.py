"""postern's own life: reloads, drain, health, metrics, limits; clients and API servers that fail."""

import os
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import roles
from attack import POD, check_status, visible
from conftest import USERS
from fixture_api import FixtureApi, compact
from harness import KubeCluster, Postern, User, replace_file, upstream_kubeconfig
from pki import Authority, KeyPair
from raw_http import Cut, RawClient, wait_for
from upstream import Connection, Recorded, RecordingUpstream, Reply

WATCH = f"{POD}?watch=true"
LONG = 20.0


class Life:
    """A postern of one's own in front of an upstream of one's own."""

    def __init__(self, folder: Path, authority: Authority, **options: Any) -> None:
        self.authority = authority
        self.upstream = RecordingUpstream(authority, FixtureApi())
        kubeconfig = upstream_kubeconfig(
            folder / "upstream.kubeconfig", self.upstream.url, self.upstream.ca_file, "secret"
        )
        options.setdefault("users", USERS)
        options.setdefault("documents", roles.ALICE + roles.OTHERS)
        options.setdefault("clusters", [KubeCluster("mycluster", kubeconfig)])
        self.postern = Postern(folder / "postern", authority, **options)

    def hold_watch(self) -> threading.Event:
        """Watches stay open and silent; the event tells that the proxy ended one."""
        ended = threading.Event()

        def script(connection: Connection, request: Recorded) -> None:
            del request
            connection.send_head(200, ("Content-Type", "application/json"),
                                 ("Transfer-Encoding", "chunked"))  # fmt: skip
            if connection.wait_for_end(120):
                ended.set()

        self.upstream.on("watch=", Reply(raw=script))
        return ended

    def status(self, user: str = "alice", path: str = f"{POD}/nginx-1") -> int:
        return self.postern.ask(user, "GET", path).status

    def read_files(self) -> None:
        """Now, where a test is not about postern's noticing by itself that they changed."""
        self.postern.process.send_signal(signal.SIGHUP)


@pytest.fixture
def make(tmp_path: Path, authority: Authority) -> Iterator[Callable[..., Life]]:
    """Makes running lives; each is ended, and its end checked, after the test."""
    lives: list[Life] = []

    def start(**options: Any) -> Life:
        life = Life(tmp_path, authority, **options)
        lives.append(life)
        life.postern.start()
        return life

    yield start
    for life in lives:
        try:
            life.postern.stop()
        finally:
            life.postern.kill()
            life.upstream.close()


@pytest.fixture
def life(make: Callable[..., Life]) -> Life:
    return make()


# -- reloads --------------------------------------------------------------------------------------


NEW_RULE = "{kind: pod, namespace: dev, name: db-0, verbs: [get, list, watch]}"
SECRET_RULE = "    - {kind: secret,"
WIDER = roles.ALICE.replace(SECRET_RULE, f"    - {NEW_RULE}\n{SECRET_RULE}", 1)


def test_a_changed_role_counts_without_a_restart(life: Life) -> None:
    assert life.status(path=f"{POD}/db-0") == 403
    life.postern.write_documents(WIDER + roles.OTHERS)
    wait_for("the new rule", lambda: life.status(path=f"{POD}/db-0") == 200, LONG)
    life.postern.write_documents(roles.ALICE + roles.OTHERS)
    wait_for("the old rules", lambda: life.status(path=f"{POD}/db-0") == 403, LONG)
    assert life.postern.metric("postern_config_reloads_total", kind="policy", result="success") >= 2


def test_hangup_reloads(life: Life) -> None:
    """SIGHUP reads files again, also where nobody tells of their change."""
    life.postern.roles_file.write_text(WIDER + roles.OTHERS)
    life.read_files()
    wait_for("the new rule", lambda: life.status(path=f"{POD}/db-0") == 200, LONG)


@pytest.mark.parametrize(
    "text",
    ["\t- : broken", "kind: role\nversion: v9\nmetadata: {name: x}\n", "{", "kind: role\n", "a: &a [*a]\n",
     roles.ALICE + "kind: user\nversion: v2\nmetadata: {name: z}\nspec: {roles: [x], unknown: 1}\n"],
    ids=["tab", "version", "yaml", "half", "alias", "unknown-key"],
)  # fmt: skip
def test_a_bad_role_file_keeps_the_old_policy(life: Life, text: str) -> None:
    life.postern.expect_error("polic|role|resource|load")
    life.postern.write_documents(text)
    life.read_files()
    wait_for("the failure to be counted", lambda: life.postern.metric(
        "postern_config_reloads_total", kind="policy", result="failure") > 0, LONG)  # fmt: skip
    assert life.status() == 200 and life.status(path=f"{POD}/db-0") == 403
    assert "roles.yaml" in life.postern.log()
    life.postern.write_documents(WIDER)
    life.read_files()
    wait_for("the next good file", lambda: life.status(path=f"{POD}/db-0") == 200, LONG)


def test_changed_tokens_count_and_bad_ones_do_not(life: Life) -> None:
    life.postern.expect_error("token")
    life.postern.users["zoe"] = User("zoe")
    life.postern.write_tokens()
    wait_for("the new token", lambda: life.status("zoe") != 401, LONG)
    del life.postern.users["alice"]
    life.postern.write_tokens()
    life.read_files()
    life.postern.users["alice"] = User("alice")
    wait_for("the old token's end", lambda: life.status("alice") == 401, LONG)
    replace_file(life.postern.token_file, "only-a-token\n")
    life.read_files()
    wait_for("the failure to be counted", lambda: life.postern.metric(
        "postern_config_reloads_total", kind="tokens", result="failure") > 0, LONG)  # fmt: skip
    assert life.status("zoe") != 401


def test_a_new_serving_certificate_drops_no_connection(life: Life) -> None:
    def serial() -> int:
        with life.postern.client() as client:
            return client.sock.getpeercert()["serialNumber"]  # type: ignore[index,return-value]

    before = serial()
    with life.postern.client() as held:
        held.send(life.postern.request("alice", "GET", f"{POD}/nginx-1"))
        assert held.read_response().status == 200
        fresh = life.authority.issue(str(life.postern.folder / "fresh"), "postern", hosts=("127.0.0.1",))
        life.postern.certificate.key_file.write_bytes(fresh.key_file.read_bytes())
        life.postern.certificate.cert_file.write_bytes(fresh.cert_file.read_bytes())
        wait_for("the new certificate", lambda: serial() != before, LONG)
        held.send(life.postern.request("alice", "GET", f"{POD}/nginx-1"))
        assert held.read_response().status == 200


def test_a_replaced_client_ca_counts_for_open_connections_too(
    make: Callable[..., Life], tmp_path: Path
) -> None:
    old, new = (Authority(tmp_path, name, name) for name in ("old-ca", "new-ca"))
    ca_file = tmp_path / "client-ca.crt"
    replace_file(ca_file, old.cert_file.read_text())
    life = make(config={"authentication": {"clientCAFile": str(ca_file)}})
    ended = life.hold_watch()
    of_old, of_new = (ca.issue(str(tmp_path / f"alice-of-{ca.cert_file.stem}"), "alice") for ca in (old, new))
    request = life.postern.request(None, "GET", f"{POD}/nginx-1")

    def code(client: RawClient) -> int:
        client.send(request)
        return client.read_response().status

    def code_with(pair: KeyPair) -> int:
        with life.postern.client(client=pair) as client:
            return code(client)

    assert (code_with(of_old), code_with(of_new)) == (200, 401)
    with life.postern.client(client=of_old) as kept, life.postern.client(client=of_old) as watch:
        assert code(kept) == 200
        watch.send(life.postern.request(None, "GET", WATCH))
        assert watch.read_head().status == 200
        replace_file(ca_file, new.cert_file.read_text())
        wait_for("the new CA", lambda: code_with(of_new) == 200, LONG)
        assert code_with(of_old) == 401 and code(kept) == 401
        assert b"nginx-1" not in watch.reader.chunks()
    assert ended.wait(5)
    assert life.postern.metric("postern_config_reloads_total", kind="client_ca", result="success") >= 2


def test_a_broken_serving_certificate_keeps_the_old_one(life: Life) -> None:
    life.postern.expect_error("certificate|tls|key")
    life.postern.certificate.cert_file.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
    wait_for("the failure to be counted", lambda: life.postern.metric(
        "postern_config_reloads_total", kind="serving_certificate", result="failure") > 0, LONG)  # fmt: skip
    assert life.status() == 200


def test_revoked_access_ends_open_watches(life: Life) -> None:
    ended = life.hold_watch()
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", WATCH))
        assert client.read_head().status == 200
        life.postern.write_documents(roles.OTHERS)
        # An ERROR event that tells to list again may come before the end.
        rest = client.reader.chunks()
        assert b"nginx-1" not in rest
    assert ended.wait(5)
    assert life.status() != 200


def test_wider_access_ends_open_watches_too(life: Life) -> None:
    """Else what became visible would never be shown."""
    ended = life.hold_watch()
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", WATCH))
        assert client.read_head().status == 200
        life.postern.write_documents(WIDER + roles.OTHERS)
        client.reader.chunks()
    assert ended.wait(5)


def test_a_change_for_others_leaves_a_watch_alone(make: Callable[..., Life]) -> None:
    others = roles.OTHERS.replace("[get, list, delete,", "[get, list, watch, delete,")
    life = make(documents=roles.ALICE + others)
    life.hold_watch()
    with life.postern.client() as client, life.postern.client() as other:
        for who, user in ((client, "alice"), (other, "dora")):
            who.send(life.postern.request(user, "GET", WATCH))
            assert who.read_head().status == 200
        narrower = others.replace("'nginx-*', verbs: [get, list, watch", "nginx-2, verbs: [get, list, watch")
        life.postern.write_documents(roles.ALICE + narrower)
        other.reader.chunks()
        # Hers would have ended with the other's.
        assert not client.is_closed(0.5)
        assert life.postern.metric("postern_longrunning_requests", verb="watch") == 1


# -- the end --------------------------------------------------------------------------------------


def test_drain_ends_watches_and_lets_answers_finish(make: Callable[..., Life]) -> None:
    life = make(config={"drain": {"spread": "500ms", "idle": "0s"}})
    life.hold_watch()
    slow = threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        del request
        body = compact({"kind": "Pod", "apiVersion": "v1", "metadata": {"name": "nginx-1"}})
        slow.wait(20)
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Content-Length", str(len(body))))  # fmt: skip
        connection.send(body)
        connection.wait_for_end(20)

    life.upstream.on("/nginx-1$", Reply(raw=script))
    with life.postern.client() as watch, life.postern.client() as get, life.postern.client() as idle:
        watch.send(life.postern.request("alice", "GET", WATCH))
        assert watch.read_head().status == 200
        idle.send(life.postern.request("alice", "GET", "/version"))
        assert idle.read_response().status == 200
        get.send(life.postern.request("alice", "GET", f"{POD}/nginx-1"))
        wait_for("the request upstream", lambda: any(
            r.target.endswith("/nginx-1") for r in life.upstream.requests))  # fmt: skip
        life.postern.process.send_signal(signal.SIGTERM)
        watch.reader.chunks()
        assert idle.is_closed(10)
        with pytest.raises((OSError, ssl.SSLError, Cut)):
            life.postern.ask("alice", "GET", "/version")
        slow.set()
        answer = get.read_response()
        assert answer.status == 200 and answer.get("Connection") == "close"  # though it was asked for before the drain
    assert life.postern.process.wait(10) == 0


def test_readyz_fails_during_the_drain_delay(make: Callable[..., Life]) -> None:
    life = make(config={"drain": {"delay": "2s", "spread": "100ms"}})
    life.postern.process.send_signal(signal.SIGTERM)
    wait_for("readyz to fail", lambda: life.postern.admin("/readyz")[0] == 500, 1)
    assert "[-]shutdown failed" in life.postern.admin("/readyz")[1]
    assert life.postern.admin("/livez")[0] == 200
    assert life.status() == 200  # still serving, until load balancers have seen it
    assert life.postern.process.wait(15) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_end_it(make: Callable[..., Life], number: signal.Signals) -> None:
    life = make()
    life.postern.process.send_signal(number)
    assert life.postern.process.wait(10) == 0


# -- health and metrics ---------------------------------------------------------------------------


@pytest.mark.parametrize("storage", ["sqlite", "memory"])
def test_who_is_alone_with_its_store_keeps_house(make: Callable[..., Life], storage: str) -> None:
    """Or an alert on `no leader` would fire for ever."""
    assert make(config={"storage": {"type": storage}}).postern.metric("postern_leader") == 1


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz"])
def test_health_has_the_form_of_kube_apiserver(life: Life, path: str) -> None:
    assert life.postern.admin(path) == (200, "ok")
    code, text = life.postern.admin(f"{path}?verbose")
    assert code == 200 and "[+]ping ok\n" in text
    assert text.strip().endswith(f"{path[1:]} check passed")
    assert life.postern.admin(f"{path}/ping")[0] == 200
    assert life.postern.admin(f"{path}/nothing")[0] == 404
    _, text = life.postern.admin(f"{path}?verbose&exclude=ping&exclude=nonsense")
    assert "[+]ping excluded: ok" in text and "nonsense" in text


def test_the_admin_listener_serves_nothing_else(life: Life) -> None:
    for path in ("/", "/api", f"{POD}/nginx-1", "/metrics/../api", "/debug"):
        assert life.postern.admin(path)[0] in (400, 404)
    assert not life.upstream.client_requests


def test_metrics_satisfy_promtool(life: Life) -> None:
    for path in (f"{POD}/nginx-1", f"{POD}/db-0", POD, WATCH, "/version", "/nothing"):
        life.postern.ask("alice", "GET", path)
    life.postern.ask(None, "GET", "/version")
    code, text = life.postern.admin("/metrics")
    assert code == 200
    done = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                          capture_output=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert life.postern.metric("postern_http_requests_total") >= 7
    assert life.postern.metric("postern_authorization_decisions_total", decision="deny") >= 1
    assert life.postern.metric("postern_filtered_objects_total") >= 1
    for word in ("alice", "db-0", "nginx-1"):
        assert word not in text, f"{word} is a label of a metric"


def test_metrics_tell_what_goes_on(make: Callable[..., Life]) -> None:
    life = make(config={"limits": {"headTimeout": "1s", "stallTimeout": "1s"}})
    life.hold_watch()
    metric = life.postern.metric
    assert life.status() == 200
    wait_for("no connection", lambda: metric("postern_connections") == 0)
    with life.postern.client() as client:
        wait_for("a waiting client", lambda: metric("postern_connections", state="idle") == 1)
        client.send(life.postern.request("alice", "GET", WATCH))
        assert client.read_head().status == 200
        assert metric("postern_connections", state="active") == 1
        assert metric("postern_longrunning_requests", verb="watch") == 1
        assert metric("postern_inflight_requests") == 0

    wait_for("the end of a watch", lambda: metric("postern_longrunning_requests") == 0)
    assert metric("postern_responses_cut_total", reason="upstream") == 0
    assert metric("postern_responses_cut_total", reason="client_gone") == 1

    with socket.create_connection(("127.0.0.1", life.postern.port), timeout=5):
        wait_for("a handshake", lambda: metric("postern_connections", state="handshake") == 1)
    wait_for("its end", lambda: metric("postern_connections", state="handshake") == 0)

    go = threading.Event()
    life.upstream.on("/nginx-1$", Reply(raw=lambda connection, request: go.wait(10)))
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", f"{POD}/nginx-1"))
        wait_for("a request", lambda: metric("postern_inflight_requests", kind="read_only") == 1)
        go.set()
        client.read_head()
    wait_for("its end", lambda: metric("postern_inflight_requests") == 0)
    assert metric("postern_proxy_overhead_seconds_count") >= 3
    assert metric("postern_certificate_expiration_timestamp_seconds", use="serving") > time.time()

    faults = {
        "malformed_head": b"GET / HTTP/9\r\n\r\n",
        "head_timeout": b"GET /version HT",
        "bad_target": life.postern.request("alice", "GET", "/api/v1/../v1/pods"),
        "body_framing": life.postern.request(
            "alice", "POST", POD, [("Transfer-Encoding", "chunked"), ("Content-Type", "application/json")]
        ) + b"zz\r\n",
    }  # fmt: skip
    for reason, data in faults.items():
        with life.postern.client() as client:
            client.send(data)
            wait_for(reason, lambda: metric("postern_protocol_errors_total", reason=reason) == 1)


def test_nothing_secret_in_the_log(life: Life) -> None:
    life.status()
    life.postern.ask(None, "GET", f"{POD}/nginx-1", [("Authorization", "Bearer wrong-secret")])
    log = life.postern.log()
    for word in ("token-of-alice", "wrong-secret", "Bearer"):
        assert word not in log
    assert all({"ts", "level", "msg"} <= set(line) for line in life.postern.log_lines())


# -- limits ---------------------------------------------------------------------------------------


def test_slow_heads_are_cut_and_cost_nobody_else(make: Callable[..., Life]) -> None:
    life = make(config={"limits": {"headTimeout": "1s", "idleTimeout": "20s", "handshakeTimeout": "1s"}})
    slow = [life.postern.client() for _ in range(50)]
    for client in slow:
        client.send(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    with (
        life.postern.client() as trickle,
        socket.create_connection(("127.0.0.1", life.postern.port), timeout=10) as plain,
    ):
        assert life.status() == 200
        began = time.monotonic()
        while time.monotonic() - began < 10:
            trickle.send(b"a")
            if trickle.is_closed(0.1):
                break
        else:
            raise AssertionError("a head that trickles was never cut")
        assert plain.recv(1) == b"", "a connection without a handshake was kept"
    assert all(client.is_closed(5) for client in slow)
    wait_for("all to be counted", lambda: life.postern.metric(
        "postern_protocol_errors_total", reason="head_timeout") == 51)  # fmt: skip


def test_idle_connections_are_ended(make: Callable[..., Life]) -> None:
    life = make(config={"limits": {"idleTimeout": "1s"}})
    with life.postern.client() as fresh, life.postern.client() as used:
        used.send(life.postern.request("alice", "GET", "/version"))
        assert used.read_response().status == 200
        assert fresh.is_closed(8) and used.is_closed(8)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [("maxConnectionsPerAddress", "address_limit"), ("maxConnections", "total_limit")],
)
def test_connections_are_limited(make: Callable[..., Life], limit: str, reason: str) -> None:
    life = make(config={"limits": {limit: 8}})
    clients = []
    try:
        for _ in range(8):
            client = life.postern.client()
            client.send(life.postern.request("alice", "GET", "/version"))
            assert client.read_response().status == 200
            clients.append(client)
        with pytest.raises((OSError, ssl.SSLError, Cut)):
            life.postern.ask("alice", "GET", "/version")
        assert life.postern.metric("postern_connections_rejected_total", reason=reason) == 1
        assert life.postern.metric("postern_connections_rejected_total") == 1
    finally:
        for client in clients:
            client.close()
    wait_for("room again", lambda: answers(life), 10)


def answers(life: Life) -> bool:
    try:
        return life.status() == 200
    except (OSError, ssl.SSLError, Cut):
        return False


GARBAGE = [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\xff\xff" + b"\xff" * 4000, b"\x00" * 1000,
           b"SSH-2.0-x\r\n", b"", b"\x80\x2e\x01\x00\x02", os.urandom(5000)]  # fmt: skip


def test_garbage_on_the_port(life: Life) -> None:
    for data in GARBAGE * 5:
        with socket.create_connection(("127.0.0.1", life.postern.port), timeout=5) as plain:
            plain.sendall(data)
            plain.shutdown(socket.SHUT_WR)
            plain.settimeout(15)
            try:
                while plain.recv(4096):
                    pass
            except ConnectionError:
                pass
    assert life.status() == 200
    assert life.postern.metric("postern_tls_handshake_errors_total") >= 5


def vanish(life: Life, how: int) -> None:
    """One client that goes away in the middle of something, by a reset."""
    client = life.postern.client()
    request = life.postern.request("alice", "GET", f"{POD}/nginx-1")
    if how == 0:
        client.send(request[:40])
    elif how == 1:
        client.send(request)
    elif how == 2:
        client.send(life.postern.request("alice", "GET", WATCH))
    elif how == 3:
        body = b"x" * 1000
        client.send(life.postern.request("alice", "POST", POD, [], body)[:-500])
    elif how == 4:
        client.send(request)
        client.read_head()
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    client.close()


def test_vanished_clients_leave_nothing_behind(life: Life) -> None:
    life.hold_watch()
    for how in range(5):
        vanish(life, how)
    life.status()
    wait_for("the first ones to be gone", lambda: life.postern.metric("postern_longrunning_requests") == 0)
    files, memory = life.postern.descriptors(), life.postern.memory()
    for number in range(300):
        vanish(life, number % 5)
    wait_for("descriptors to fall", lambda: life.postern.descriptors() <= files + 8, 30)
    wait_for("watches to end", lambda: life.postern.metric("postern_longrunning_requests") == 0, 30)
    assert life.postern.memory() - memory < 64 * 1024 * 1024
    assert life.status() == 200
    assert not [r for r in life.upstream.client_requests if r.method == "POST"]


# -- API servers that fail ------------------------------------------------------------------------


def logged(life: Life, level: str, message: str, **fields: object) -> bool:
    """Waits for a line of this level whose message begins so, with these fields."""
    return bool(wait_for(message, lambda: any(
        line["level"] == level and line["msg"].startswith(message) and fields.items() <= line.items()
        for line in life.postern.log_lines())))  # fmt: skip


def test_an_upstream_that_is_gone_is_502_and_comes_back(life: Life) -> None:
    life.postern.expect_error("upstream|discover|connect|cluster")
    assert life.status() == 200
    port = life.upstream.port
    life.upstream.close()
    check_status(answer := life.postern.ask("alice", "GET", f"{POD}/nginx-1"))
    assert answer.status == 502
    failures = life.postern.metric("postern_upstream_connect_failures_total", cluster="mycluster", reason="connect")
    assert failures >= 1
    assert logged(life, "warn", f"no connection to 127.0.0.1:{port}")
    assert logged(life, "warn", "request refused", user="alice", code=502)
    assert life.postern.process.poll() is None
    life.upstream = RecordingUpstream(life.authority, FixtureApi(), port=port)
    wait_for("the upstream again", lambda: life.status() == 200, 20)


def test_a_stalled_upstream_is_504(make: Callable[..., Life]) -> None:
    life = make(config={"upstream": {"firstByteTimeout": "500ms"}})
    life.upstream.on("/nginx-1$", Reply(raw=lambda connection, request: connection.wait_for_end(20)))
    check_status(answer := life.postern.ask("alice", "GET", f"{POD}/nginx-1"))
    assert answer.status == 504
    life.upstream.on(f"GET {POD}$", Reply(raw=lambda connection, request: connection.wait_for_end(20)))
    assert life.status(path=POD) == 504


def test_a_list_that_stalls_in_the_middle_is_cut(make: Callable[..., Life]) -> None:
    life = make(config={"limits": {"stallTimeout": "1s"}})
    item = compact({"metadata": {"name": "nginx-1", "namespace": "dev"}, "spec": {"pad": "x" * 50_000}})

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Transfer-Encoding", "chunked"))  # fmt: skip
        connection.send_chunk(b'{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[')
        connection.send_chunk(b",".join([item] * 10))
        connection.wait_for_end(30)

    life.upstream.on(f"GET {POD}$", Reply(raw=script))
    answer = life.postern.ask("alice", "GET", POD)
    assert answer.status == 200 and not answer.complete
    assert life.postern.metric("postern_responses_cut_total", reason="stalled") == 1


def test_an_upload_that_nobody_takes_is_504(make: Callable[..., Life]) -> None:
    """An API server that reads a head and then nothing more holds no client for ever."""
    life = make(config={"limits": {"stallTimeout": "1s"}})
    target = "/api/v1/namespaces/dev/services/web:80/proxy/upload"
    done = threading.Event()
    life.upstream.on("POST", Reply(raw=lambda connection, request: done.wait(30), unread=True))
    began = life.postern.request("dave", "POST", target, [("Content-Length", str(64 * 1024 * 1024))])
    with life.postern.client() as client:
        client.send(began)
        client.sock.settimeout(LONG)
        try:
            while True:
                client.sock.sendall(b"x" * 65536)
        except (ConnectionError, ssl.SSLError):
            pass  # a TimeoutError is the failure of the test
    done.set()
    assert logged(life, "warn", "request refused", user="dave", code=504)
    wait_for("its end", lambda: life.postern.metric("postern_upstream_connections", state="leased") == 0)
    assert life.postern.metric("postern_http_request_outcomes_total", outcome="upstream_error") == 1


def test_a_watch_whose_server_dies_is_cut(life: Life) -> None:
    event = compact({"type": "ADDED", "object": {"kind": "Pod", "apiVersion": "v1",
                     "metadata": {"name": "nginx-1", "namespace": "dev"}}}) + b"\n"  # fmt: skip
    go = threading.Event()

    def script(connection: Connection, request: Recorded) -> None:
        del request
        connection.send_head(200, ("Content-Type", "application/json"),
                             ("Transfer-Encoding", "chunked"))  # fmt: skip
        connection.send_chunk(event)
        go.wait(10)
        connection.send(b"5\r\n{\"ty")

    life.upstream.on("watch=", Reply(raw=script))
    with life.postern.client() as client:
        client.send(life.postern.request("alice", "GET", WATCH))
        assert client.read_head().status == 200
        assert client.read_event()["type"] == "ADDED"
        go.set()
        with pytest.raises(Cut):
            client.read_event()
    wait_for("the count", lambda: life.postern.metric("postern_responses_cut_total", reason="upstream") == 1)
    assert life.postern.metric("postern_responses_cut_total") == 1
    assert logged(life, "warn", "answer cut", user="alice", verb="watch", cluster="mycluster")


# -- two clusters ---------------------------------------------------------------------------------


def test_two_clusters_behind_one_postern(tmp_path: Path, authority: Authority) -> None:
    ups = [RecordingUpstream(authority, FixtureApi()) for _ in range(2)]
    clusters = [
        KubeCluster(name, upstream_kubeconfig(tmp_path / name, up.url, up.ca_file, name), {"env": name})
        for name, up in zip(("staging", "live"), ups, strict=True)
    ]
    only_staging = roles.ALICE.replace("kubernetes_labels: {'*': '*'}", "kubernetes_labels: {env: staging}")
    with Postern(tmp_path / "p", authority, clusters=clusters, users=USERS,
                 documents=only_staging + roles.OTHERS) as postern:  # fmt: skip
        # Ready is who knows one of them.
        wait_for("both clusters", lambda: all(
            postern.ask("oscar", "GET", f"/clusters/{c.name}{POD}").status == 200 for c in clusters), LONG)
        assert visible(postern.ask("alice", "GET", f"/clusters/staging{POD}"))
        assert visible(postern.ask("alice", "GET", POD)), "the first one is the default"
        assert postern.ask("alice", "GET", f"/clusters/live{POD}").status == 404
        assert postern.ask("alice", "GET", "/clusters/live/version").status == 404
        for up in ups:
            up.reset()
        assert visible(postern.ask("oscar", "GET", f"/clusters/live{POD}")) >= {"dev/db-0"}
        assert not ups[0].client_requests and len(ups[1].client_requests) == 1
        assert ups[1].client_requests[0].get("Authorization") == "Bearer live"
    for up in ups:
        up.close()


def test_a_broken_cluster_does_not_close_the_others(tmp_path: Path, authority: Authority) -> None:
    up = RecordingUpstream(authority, FixtureApi())
    good = upstream_kubeconfig(tmp_path / "good", up.url, up.ca_file, "x")
    bad = upstream_kubeconfig(tmp_path / "bad", "https://127.0.0.1:9", up.ca_file, "x")
    clusters = [KubeCluster("good", good), KubeCluster("bad", bad)]
    postern = Postern(tmp_path / "p", authority, clusters=clusters, users=USERS, documents=roles.ALICE)
    postern.expect_error("bad|no connection to")
    postern.spawn()
    try:
        wait_for("the port", lambda: postern.admin("/livez")[0] == 200, LONG)
        wait_for("the good one", lambda: postern.ask("alice", "GET", f"/clusters/good{POD}").status == 200, LONG)
        check_status(answer := postern.ask("alice", "GET", f"/clusters/bad{POD}"))
        assert answer.status in (502, 503)
        postern.stop()
    finally:
        postern.kill()
        up.close()


def test_worker_threads_share_the_load(make: Callable[..., Life]) -> None:
    """Many clients at once, on every worker; nobody gets somebody else's answer."""
    life = make(config={"workers": 4})
    wrong: list[str] = []

    def work(number: int) -> None:
        name = f"nginx-{1 + number % 2}"
        with life.postern.client() as client:
            for _ in range(30):
                client.send(life.postern.request("alice", "GET", f"{POD}/{name}"))
                if client.read_response().json()["metadata"]["name"] != name:
                    wrong.append(name)
                client.send(life.postern.request("alice", "GET", f"{POD}/db-0"))
                if client.read_response().status != 403:
                    wrong.append("db-0")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not wrong and not any(thread.is_alive() for thread in threads)
