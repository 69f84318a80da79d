"""postern's own life: its end, health and metrics; several clusters and worker threads."""

import signal
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import roles
from attack import POD, check_status, visible
from conftest import USERS
from fixture_api import FixtureApi, compact
from harness import KubeCluster, Postern, upstream_kubeconfig
from life import LONG, WATCH, Life, life, make  # noqa: F401  (fixtures)
from pki import Authority
from raw_http import Cut, wait_for
from upstream import Connection, Recorded, RecordingUpstream, Reply


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


def test_the_log_tells_who_was_refused_where_and_why(life: Life) -> None:
    """Also of those whom nobody knows, and of those who are told that there is no such thing."""
    cases = [
        (life.postern.ask(None, "GET", f"{POD}/nginx-1?a=b"), "", "get", "no credential"),
        (life.postern.ask(None, "GET", f"{POD}/nginx-1", [("Authorization", "Bearer wrong-secret")]),
         "", "get", "the token is unknown"),
        (life.postern.ask("erin", "GET", f"{POD}/nginx-1"), "erin", "get",
         "none of the user's roles, nor of those that it may ask for, is for this cluster"),
        (life.postern.ask("alice", "GET", f"{POD}/db-0"), "alice", "get", "no role gives get on this"),
    ]  # fmt: skip
    for answer, user, verb, why in cases:
        [line] = wait_for(why, lambda: [
            line for line in life.postern.log_lines() if line.get("audit_id") == answer.get("Audit-Id")])  # fmt: skip
        assert (line["msg"], line["code"]) == ("request refused", answer.status)
        assert (line["user"], line["peer"], line["verb"]) == (user, "127.0.0.1", verb)
        assert line["path"] == f"{POD}/{'db-0' if user == 'alice' else 'nginx-1'}"
        assert line["decision"] == why


def test_nothing_secret_in_the_log(life: Life) -> None:
    life.status()
    life.postern.ask(None, "GET", f"{POD}/nginx-1", [("Authorization", "Bearer wrong-secret")])
    log = life.postern.log()
    for word in ("token-of-alice", "wrong-secret", "Bearer"):
        assert word not in log
    assert all({"ts", "level", "msg"} <= set(line) for line in life.postern.log_lines())


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
