"""Two real clusters behind one postern: each by itself, and what one does hurts the other none.

One of them is killed, stalls, and is away when postern starts.
"""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from attack import check_status
from cluster import Cluster
from harness import Postern
from pki import Authority
from raw_http import wait_for
from two_clusters import POD, Traffic, kubectl, person, reachable, status, two_cluster_postern

LONG = 60.0
NAME = "only-in-second"


@pytest.fixture(scope="module")
def clusters(cluster: Cluster, second_cluster: Cluster) -> dict[str, Cluster]:
    return {"first": cluster, "second": second_cluster}


@pytest.fixture
def postern(
    authority: Authority, clusters: dict[str, Cluster], tmp_path: Path
) -> Iterator[Postern]:
    """On one worker: what waits for one cluster would hold up the other if anything could."""
    made = two_cluster_postern(authority, tmp_path / "postern", clusters)
    made.config["workers"] = 1
    made.write_config()
    with made:
        for name in clusters:
            wait_for(f"the cluster {name}", lambda name=name: status(made, name) == 200, LONG)
        yield made


@pytest.fixture
def second(second_cluster: Cluster) -> Iterator[Cluster]:
    """Whatever a test did to it, it works again for the next one."""
    yield second_cluster
    second_cluster.resume_apiserver()
    if not second_cluster.apiserver_runs():
        second_cluster.start_apiserver()


def verbose(postern: Postern) -> tuple[int, str]:
    return postern.admin("/readyz?verbose")


# -- each by itself ---------------------------------------------------------------------------------


def test_contexts_of_both_clusters(
    postern: Postern, clusters: dict[str, Cluster], tmp_path: Path
) -> None:
    oscar = person(tmp_path, "oscar", postern, clusters["first"])
    rows = [line.split() for line in oscar.postern("kube", "ls").splitlines()]
    assert rows[0][:4] == ["NAME", "READY", "REACHABLE", "VERSION"]
    assert [row[:3] for row in rows[1:]] == [["first", "true", "true"], ["second", "true", "true"]]
    for name in clusters:
        oscar.postern("kube", "login", name, "--set-context-namespace", "dev")
    clusters["second"].kubectl("create", "configmap", NAME, "-n", "dev")
    try:
        oscar.kubectl("--context", "postern-second", "get", "configmap", NAME)
        said = oscar.kubectl("--context", "postern-first", "get", "configmap", NAME, code=1).stderr
        assert "NotFound" in said
    finally:
        clusters["second"].kubectl("delete", "configmap", NAME, "-n", "dev")


def test_an_approval_for_one_gives_nothing_in_the_other(
    postern: Postern, clusters: dict[str, Cluster], tmp_path: Path
) -> None:
    una = person(tmp_path, "una", postern, clusters["first"])
    bob = person(tmp_path, "bob", postern, clusters["first"])
    for name in clusters:
        una.postern("kube", "login", name, "--set-context-namespace", "dev")
        una.kubectl("--context", f"postern-{name}", "get", "pod", "nginx-1", code=1)
    made = una.json("request", "create", "--resource", "/postern.test/pod/second/dev/nginx-1",
                    "--reason", "it is slow", "--nowait")  # fmt: skip
    request = made["metadata"]["name"]
    bob.postern("request", "review", "--approve", "--yes", request)
    una.postern("request", "assume", request)
    una.kubectl("--context", "postern-second", "get", "pod", "nginx-1")
    una.kubectl("--context", "postern-second", "get", "pod", "nginx-2", code=1)
    una.kubectl("--context", "postern-first", "get", "pod", "nginx-1", code=1)
    assert una.kubectl("--context", "postern-first", "get", "pods", code=1).stdout == ""


def test_metrics_of_each(postern: Postern) -> None:
    def answers(cluster: str) -> float:
        return postern.metric("postern_upstream_requests_total", cluster=cluster, code="200")

    before = answers("first")
    for _ in range(20):
        assert status(postern, "second") == 200
    after_second = answers("second")
    assert after_second >= 20
    assert answers("first") - before < 20, "the first one was asked for its health at most"
    assert postern.metric("postern_discovery_refresh_total", cluster="second", result="success") >= 1
    assert postern.metric("postern_upstream_request_duration_seconds_count", cluster="second") >= 20
    assert reachable(postern, "first") and reachable(postern, "second")


# -- one is down ------------------------------------------------------------------------------------


@pytest.fixture
def lonely(authority: Authority, second: Cluster, tmp_path: Path) -> Iterator[Postern]:
    """One that has only the second cluster."""
    with two_cluster_postern(authority, tmp_path / "lonely", {"second": second}) as made:
        yield made


def test_one_is_killed_and_comes_again(
    postern: Postern, lonely: Postern, clusters: dict[str, Cluster], second: Cluster
) -> None:
    """Who has another cluster goes on with it; who has none is not ready."""
    alice = kubectl(postern, clusters["first"], "alice", "first")
    with alice.running("get", "pods", "-w", "--show-labels") as watch, Traffic(postern, "first") as traffic:
        watch.wait_for(rb"nginx-2 ")
        second.stop_apiserver()
        check_status(answer := postern.ask("oscar", "GET", f"/clusters/second{POD}"))
        assert answer.status in (502, 503)
        wait_for("the probe to notice", lambda: not reachable(postern, "second"), LONG)
        code, text = verbose(postern)
        assert code == 200 and "[+]cluster-first ok\n" in text and "[+]clusters ok\n" in text
        assert "[-]cluster-second failed, not needed: reason withheld\n" in text
        assert postern.admin("/readyz/cluster-second")[0] == 500
        assert postern.admin("/readyz/cluster-first") == (200, "ok")
        assert postern.metric("postern_upstream_connect_failures_total", cluster="second") >= 1
        assert postern.metric("postern_upstream_connect_failures_total", cluster="first") == 0
        assert postern.metric("postern_http_request_outcomes_total", outcome="upstream_error") >= 1
        wait_for("the lonely one's probe to notice", lambda: verbose(lonely)[0] == 500, LONG)
        text = verbose(lonely)[1]
        assert "[-]clusters failed: reason withheld\n" in text and "[+]discovery ok\n" in text
        assert lonely.admin("/livez")[0] == 200
        done = traffic.good
        wait_for("more of the first one's answers", lambda: traffic.good > done + 20, LONG)
        second.start_apiserver()
        wait_for("the second one again", lambda: status(postern, "second") == 200, LONG)
        wait_for("the probe to notice", lambda: reachable(postern, "second"), LONG)
        wait_for("the lonely one to be ready again", lambda: verbose(lonely)[0] == 200, LONG)
        clusters["first"].kubectl("label", "pod", "nginx-1", "-n", "dev", "seen=all", "--overwrite")
        watch.wait_for(rb"seen=all")
        clusters["first"].kubectl("label", "pod", "nginx-1", "-n", "dev", "seen-")
    assert traffic.good > 20 and not traffic.bad, traffic.bad[:3]
    assert postern.metric("postern_http_request_outcomes_total", outcome="error") == 0


def test_one_takes_connections_and_says_nothing(postern: Postern, second: Cluster) -> None:
    """Its requests do not wait once it is known, and those who wait hold nobody else up."""
    answers: list[int] = []
    clients = [
        threading.Thread(target=lambda: answers.append(status(postern, "second"))) for _ in range(40)
    ]
    with Traffic(postern, "first") as traffic:
        second.pause_apiserver()
        for client in clients:
            client.start()
        wait_for("it to be known", lambda: status(postern, "second") == 503, LONG)
        answer = postern.ask("oscar", "GET", f"/clusters/second{POD}")
        check_status(answer)
        assert answer.status == 503 and answer.get("Retry-After") == "1"
        assert postern.metric("postern_upstream_refused_total", cluster="second") >= 2
        assert postern.metric("postern_upstream_refused_total", cluster="first") == 0
        done = traffic.good
        wait_for("more of the first one's answers", lambda: traffic.good > done + 20, LONG)
        assert verbose(postern)[0] == 200 and postern.admin("/livez")[0] == 200
        second.resume_apiserver()
        wait_for("the second one again", lambda: status(postern, "second") == 200, LONG)
        for client in clients:
            client.join(LONG)
    assert traffic.good > 20 and not traffic.bad, traffic.bad[:3]
    assert len(answers) == len(clients) and set(answers) <= {200, 503, 504}, answers


def test_one_is_away_at_the_start(
    authority: Authority, clusters: dict[str, Cluster], second: Cluster, tmp_path: Path
) -> None:
    second.stop_apiserver()
    with two_cluster_postern(authority, tmp_path / "p", clusters) as postern:
        postern.expect_error("second")
        assert status(postern, "first") == 200
        check_status(answer := postern.ask("oscar", "GET", f"/clusters/second{POD}"))
        assert answer.status in (502, 503)
        oscar = person(tmp_path, "oscar", postern, clusters["first"])
        rows = [line.split() for line in oscar.postern("kube", "ls").splitlines()]
        assert [row[:3] for row in rows[1:]] == [["first", "true", "true"], ["second", "false", "false"]]
        second.start_apiserver()
        wait_for("the second one", lambda: status(postern, "second") == 200, LONG)
        assert status(postern, "second", "alice") == 200
