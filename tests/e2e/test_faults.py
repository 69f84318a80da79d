"""A real API server that dies or stalls while postern serves lists and watches of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from attack import POD, check_status
from cluster import Cluster
from conftest import As, cluster_postern
from harness import Postern
from pki import Authority
from raw_http import Cut, wait_for


@pytest.fixture(scope="module")
def own_cluster() -> Iterator[Cluster]:
    """Not the session's: nobody else should meet what is done to it."""
    with Cluster(name="faults") as running:
        running.apply_fixture()
        yield running


@pytest.fixture
def postern(own_cluster: Cluster, authority: Authority, tmp_path: Path) -> Iterator[Postern]:
    made = cluster_postern(authority, own_cluster, tmp_path)
    made.config["upstream"] = {"firstByteTimeout": "2s", "connectTimeout": "2s"}
    made.write_config()
    made.expect_error("upstream|discovery|mycluster")
    with made:
        yield made


def works(postern: Postern) -> bool:
    return postern.ask("alice", "GET", POD).status == 200


def test_a_killed_api_server(own_cluster: Cluster, postern: Postern) -> None:
    assert works(postern)
    with postern.client() as watch:
        watch.send(postern.request("alice", "GET", f"{POD}?watch=true"))
        assert watch.read_head().status == 200
        assert watch.read_event()["type"] == "ADDED"
        own_cluster.stop_apiserver()
        with pytest.raises(Cut):
            while True:
                watch.read_event()
    check_status(answer := postern.ask("alice", "GET", POD))
    assert answer.status in (502, 503)
    said = As(own_cluster, postern.kubeconfig("alice")).fails("get", "pods")
    assert "cannot be reached" in said or "an error on the server" in said, said
    own_cluster.start_apiserver()
    wait_for("the API server again", lambda: works(postern), 60)


def test_a_stalled_api_server(own_cluster: Cluster, postern: Postern) -> None:
    assert works(postern)
    own_cluster.pause_apiserver()
    try:
        check_status(answer := postern.ask("alice", "GET", POD))
        assert answer.status in (502, 504)
        assert postern.admin("/livez")[0] == 200
    finally:
        own_cluster.resume_apiserver()
    wait_for("the API server again", lambda: works(postern), 60)


def test_a_watch_survives_a_pause(own_cluster: Cluster, postern: Postern) -> None:
    with As(own_cluster, postern.kubeconfig("alice")).running("get", "pods", "-w", "--show-labels") as running:
        running.wait_for(rb"nginx-2 ")
        own_cluster.pause_apiserver()
        own_cluster.resume_apiserver()
        own_cluster.kubectl("label", "pod", "nginx-1", "-n", "dev", "after=pause", "--overwrite")
        running.wait_for(rb"after=pause")


def test_a_restarted_api_server_is_followed_by_kubectl(
    own_cluster: Cluster, postern: Postern
) -> None:
    """A watch that was cut is taken up again by the client, as with the API server itself."""
    own_cluster.restart_apiserver()
    wait_for("the API server again", lambda: works(postern), 60)
    assert As(own_cluster, postern.kubeconfig("alice")).names("pods") == {"dev/nginx-1", "dev/nginx-2"}
