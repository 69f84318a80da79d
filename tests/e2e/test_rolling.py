"""A rolling restart of two replicas behind a Service, under load: no request fails, no watch loses or repeats an
event. Clients never try again, so that nothing is hidden.

HTTP/1.1 cannot tell a client that its silent connection ends before it sends something. So the rule of the drain's
defaults is kept, only faster: clients give a silent connection up long before postern does (client-go after 90 s;
`drain.idle` is 95 s). Here client-go does so after 2 s and postern after 6, and who keeps a connection for longer
than that either uses it more often or only reads with Go's client, which tries a read again by itself.
"""

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from balancer import Balancer
from build_tools import ensure
from cluster import Cluster
from conftest import As
from harness import KubeCluster, Postern, User
from load import ApiClient, Load, Watcher
from pki import Authority, write_kubeconfig
from raw_http import wait_for

MAPS = "/api/v1/namespaces/dev/configmaps"
ROLES = """
kind: role
version: v8
metadata: {name: worker}
spec:
  allow:
    kubernetes_labels: {'*': '*'}
    kubernetes_groups: [dev-team]
    kubernetes_resources:
    - {kind: configmaps, namespace: dev, name: 'rolling-*', verbs: ['*']}
    - {kind: pods, namespace: dev, name: 'nginx-*', verbs: ['*']}
---
kind: user
version: v2
metadata: {name: alice}
spec: {roles: [worker]}
"""
CLIENT_GO_IDLE = "2s"
CONFIG = {"storage": {"type": "memory"},
          "drain": {"delay": "2s", "spread": "2s", "idle": "6s", "timeout": "15s"}}  # fmt: skip


@pytest.fixture
def replicas(authority: Authority, cluster: Cluster, tmp_path: Path) -> Iterator[list[Postern]]:
    """Two with the same configuration and the same key, as in one Deployment."""
    made = []
    for number in range(2):
        replica = Postern(tmp_path / f"replica-{number}", authority, documents=ROLES, users=[User("alice")],
                          clusters=[KubeCluster("mycluster", cluster.postern_kubeconfig)], config=CONFIG)  # fmt: skip
        if made:
            data = replica.folder / "data"
            data.mkdir(mode=0o700)
            shutil.copy2(made[0].folder / "data" / "master.key", data / "master.key")
        replica.start()
        made.append(replica)
    yield made
    for replica in made:
        replica.stop()


class Informer:
    """A client of client-go that creates ConfigMaps and follows them; see tests/cluster/tools/informer."""

    def __init__(self, log: Path, kubeconfig: Path, prefix: str) -> None:
        self._log = log
        program = ensure(["informer"])["informer"]
        self._process = subprocess.Popen([program, kubeconfig, "dev", prefix, CLIENT_GO_IDLE], stdin=subprocess.PIPE,
                                         stdout=log.open("wb"), stderr=subprocess.STDOUT)  # fmt: skip
        wait_for("client-go's first event", lambda: '"seen"' in log.read_text())

    def __enter__(self) -> "Informer":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def check(self, least: int) -> None:
        """Ends it: everything that it created it has seen, once, and it was told of no error."""
        self._process.stdin.close()  # type: ignore[union-attr]
        assert self._process.wait(30) == 0, self._log.read_text()[-4000:]
        told = [json.loads(line) for line in self._log.read_text().splitlines() if line.startswith("{")]
        created, seen, errors = ([entry[what] for entry in told if what in entry]
                                 for what in ("created", "seen", "error"))  # fmt: skip
        print(f"client-go: {len(created)} created, {len(seen)} seen")
        assert not errors, errors[:5]
        assert len(created) >= least and sorted(seen) == sorted(created)


def added(watcher: Watcher) -> list[str]:
    """What it has seen of what the writer makes."""
    return [name for kind, name in list(watcher.events) if kind == "ADDED" and "-go-" not in name]


def test_a_rolling_restart_loses_nothing(replicas: list[Postern], cluster: Cluster, tmp_path: Path) -> None:
    first = replicas[0]
    token = first.users["alice"].token
    with Balancer((r.port, r.admin_port) for r in replicas) as balancer, Load() as load:
        wait_for("both to be ready", lambda: balancer.ready() == 2)
        client = lambda **how: ApiClient(balancer.port, first.ca_file, token, **how)  # noqa: E731
        kubeconfig = write_kubeconfig(
            tmp_path / "service.kubeconfig", name="postern", ca_file=first.ca_file, token=token,
            server=f"https://127.0.0.1:{balancer.port}", namespace="dev")  # fmt: skip
        alice = As(cluster, kubeconfig)

        version = client().call("GET", MAPS)["metadata"]["resourceVersion"]
        watchers = [Watcher(balancer.port, first.ca_file, token, MAPS, version) for _ in range(3)]
        acknowledged: list[str] = []
        numbers = itertools.count()
        writer = client()

        def write() -> None:
            name = f"rolling-{next(numbers)}"
            writer.call("POST", MAPS, {"metadata": {"name": name}})
            acknowledged.append(name)

        def read(reader: ApiClient) -> None:
            reader.call("GET", "/api/v1/namespaces/dev/pods?limit=1")

        def kubectl() -> None:
            alice("get", "configmaps", "--chunk-size", "3", "-o", "name")

        for watcher in watchers:
            load.run(watcher.follow)
        load.run(write, pause=0.01)
        for reader in [client(), client(), client(keep=False)]:
            load.run(lambda reader=reader: read(reader))
        slow = client()
        load.run(lambda: read(slow), pause=0.4)
        load.run(kubectl)
        waits = alice.running("wait", "configmap/rolling-0", "--for=jsonpath={.data.done}=yes", "--timeout=5m")
        wait_for("the load", lambda: len(acknowledged) > 20 and all(w.events for w in watchers), 30)

        with waits, Informer(tmp_path / "informer.log", kubeconfig, "rolling-go-") as informer:
            for replica in replicas:
                replica.restart()
                wait_for("both to be ready again", lambda: balancer.ready() == 2, 60)
            alice("patch", "configmap", "rolling-0", "-p", '{"data": {"done": "yes"}}')
            assert waits.process.wait(30) == 0, waits.output
            informer.check(20)
        created = len(acknowledged)
        wait_for("the watches to catch up",
                 lambda: all(len(added(w)) >= created for w in watchers) or load.failures, 30)  # fmt: skip
        load.over.set()
        for watcher in watchers:
            watcher.stop()
            print(f"{watcher.streams} streams, {len(watcher.events)} events")
        print(f"{load.steps} steps, {len(acknowledged)} created; connections:",
              [r.connections for r in balancer.replicas])  # fmt: skip
        assert not load.failures, load.failures[:10]
        assert not any(replica.refused for replica in balancer.replicas)
        for watcher in watchers:
            assert watcher.streams >= 2
            names = added(watcher)
            assert names == [f"rolling-{number}" for number in range(len(names))] and len(names) >= created
    assert {item["metadata"]["name"] for item in ApiClient(
        replicas[0].port, first.ca_file, token).call("GET", MAPS)["items"]} >= set(acknowledged)  # fmt: skip
