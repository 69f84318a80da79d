"""A real Prometheus scrapes a real postern under load: rules load, an alert fires and clears, the dashboard shows data."""

import json
import math
import subprocess
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from cluster import Cluster
from harness import Postern
from pki import Authority
from prometheus import MONITORING, Prometheus, dashboard_queries, quick
from raw_http import wait_for
from two_clusters import POD, status, two_cluster_postern

API = "/apis/access.postern.dev/v1alpha1"
LONG = 60.0
# How long things take on a busy machine says nothing here, and what takes long may be told of.
ABOUT_TIME = {"PosternOverheadHigh", "PosternOverheadBudgetBurn"}


class Load:
    """People at work at both clusters: lists that are filtered, refusals, watches, exec, access requests."""

    def __init__(self, postern: Postern) -> None:
        self.postern = postern
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(2)]

    def _work(self) -> None:
        while not self._ending.wait(0.05):
            for cluster in ("first", "second"):
                for path in (POD, f"{POD}/nginx-1", f"{POD}/db-0", f"{POD}?watch=true&timeoutSeconds=1"):
                    status(self.postern, cluster, "alice", path)
            self.postern.ask(None, "GET", "/version")
            self.postern.admin("/readyz")

    def post(self, user: str, path: str, document: dict[str, Any]) -> dict[str, Any]:
        body = json.dumps(document).encode()
        answer = self.postern.ask(user, "POST", f"{API}/{path}", [("Content-Type", "application/json")], body)
        assert answer.status == 201, answer.body
        return dict(json.loads(answer.body))

    def access_request(self) -> dict[str, Any]:
        return self.post("una", "accessrequests", {
            "apiVersion": API.removeprefix("/apis/"), "kind": "AccessRequest", "metadata": {"generateName": "load-"},
            "spec": {"resources": ["/postern.test/pod/first/dev/nginx-1"], "reason": "a test"},
        })  # fmt: skip

    def approve(self, request: dict[str, Any]) -> None:
        self.post("bob", f"accessrequests/{request['metadata']['name']}/reviews", {"spec": {
            "decision": "Approve", "uid": request["metadata"]["uid"],
            "effectiveDigest": request["status"]["effectiveDigest"],
        }})  # fmt: skip

    def __enter__(self) -> "Load":
        self.access_request()  # one that stays pending
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(30)


@pytest.fixture(scope="module")
def postern(
    authority: Authority, cluster: Cluster, second_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Postern]:
    folder = tmp_path_factory.mktemp("prometheus") / "postern"
    with two_cluster_postern(authority, folder, {"first": cluster, "second": second_cluster}) as made:
        for name in ("first", "second"):
            wait_for(f"the cluster {name}", lambda name=name: status(made, name) == 200, LONG)
        yield made


@pytest.fixture(scope="module")
def load(postern: Postern) -> Iterator[Load]:
    with Load(postern) as running:
        yield running


@pytest.fixture(scope="module")
def prometheus(
    postern: Postern, load: Load, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    with Prometheus(
        tmp_path_factory.mktemp("prom") / "data",
        target=f"127.0.0.1:{postern.admin_port}",
        rules=quick((MONITORING / "rules.yaml").read_text()),
    ) as running:
        wait_for("the first scrape", lambda: running.value('up{job="postern"}') == 1, LONG)
        load.approve(load.access_request())  # what was before the first scrape is no increase
        # Rates need two samples, and the second of the recorded series one more look.
        wait_for("a rate", lambda: (running.value(
            "namespace_job:postern_request_errors:ratio_rate5m") is not None), LONG)
        yield running


def test_every_rule_is_evaluated(prometheus: Prometheus) -> None:
    wait_for("all rules to be looked at", lambda: all(r["health"] == "ok" for r in prometheus.rules()), LONG)
    assert prometheus.value('up{job="postern"}') == 1
    assert prometheus.value("namespace_job:postern_request_errors:ratio_rate5m") == 0


def test_what_postern_exposes_is_clean(postern: Postern) -> None:
    """Under real load there are series that no unit test has."""
    done = subprocess.run(["promtool", "check", "metrics"], input=postern.admin("/metrics")[1], text=True,
                          capture_output=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_labels_are_bounded(postern: Postern, prometheus: Prometheus) -> None:
    """Nothing of what clients ask for is a label: neither users nor objects, nor kinds that are not Kubernetes' own."""
    text = postern.admin("/metrics")[1]
    for word in ("alice", "oscar", "una", "nginx", "db-0", "widgets", "load-"):
        assert word not in text, word
    series = len([line for line in text.splitlines() if not line.startswith("#")])
    assert series < 1500, series


@pytest.mark.parametrize(
    ("panel", "query"),
    dashboard_queries(job="postern", namespace=".*", __rate_interval="10s"),
)
def test_the_dashboard_shows_data(prometheus: Prometheus, panel: str, query: str) -> None:
    def shown() -> bool:
        samples = prometheus.query(query)
        return bool(samples) and not all(math.isnan(float(sample["value"][1])) for sample in samples)

    wait_for(f"{panel}: {query}", shown, 20)


def test_an_alert_fires_while_an_api_server_is_away_and_clears_after(
    prometheus: Prometheus, second_cluster: Cluster
) -> None:
    def told() -> list[dict[str, Any]]:
        return [alert for alert in prometheus.firing() if alert["labels"]["alertname"] not in ABOUT_TIME]

    assert told() == []
    second_cluster.stop_apiserver()
    try:
        alert = wait_for("the alert", lambda: prometheus.firing("PosternUpstreamUnavailable"), LONG)[0]
        wait_for("the other one", lambda: prometheus.firing("PosternUpstreamErrors"), LONG)
    finally:
        second_cluster.start_apiserver()
    assert alert["labels"] == {
        "alertname": "PosternUpstreamUnavailable", "cluster": "second", "job": "postern", "severity": "critical",
    }  # fmt: skip
    assert alert["annotations"]["summary"] == "The kube cluster second cannot be reached."
    assert prometheus.value('postern_cluster_reachable{cluster="first"}') == 1
    assert prometheus.value('min_over_time(up{job="postern"}[5m])') == 1
    # None of it is postern's own fault, and nothing else is told of.
    assert not prometheus.firing("PosternErrorBudgetBurn")
    assert not prometheus.firing("PosternDown")
    wait_for("silence", lambda: told() == [], LONG)


def test_own_files_and_what_is_bad_about_them(prometheus: Prometheus, postern: Postern) -> None:
    good = postern.roles_file.read_text()
    postern.expect_error("roles.yaml")
    postern.write_documents(good + "\n---\nkind: nonsense\n")
    try:
        alert = wait_for("the alert", lambda: prometheus.firing("PosternConfigReloadFailed"), LONG)[0]
        assert alert["labels"]["kind"] == "policy"
    finally:
        postern.write_documents(good)
    wait_for("silence", lambda: not prometheus.firing("PosternConfigReloadFailed"), LONG)
